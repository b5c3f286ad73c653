"""``costmark prices``."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from costmark.cli.book import remedy
from costmark.cli.main import main
from costmark.prices import PriceBook
from ledger.segments import attempt, write_segment
from prices.shell import run_in_shell

Capture = pytest.CaptureFixture[str]
LINE = "m us-east-1 in-region standard {kind} - - token - - USD {pico} 2026-09 test\n"


def book(path: Path, **prices: int) -> str:
    lines = (LINE.format(kind=kind, pico=pico) for kind, pico in prices.items())
    path.write_text("date 2026-09-30\n" + "".join(lines))
    return str(path)


def table(path: Path, **prices: int) -> str:
    rows = (f"m,us-east-1,in-region,{kind},{pico}\n" for kind, pico in prices.items())
    path.write_text("model,region,serving,kind,pico_usd\n" + "".join(rows))
    return str(path)


def run(*arguments: str) -> int:
    return main(["prices", *arguments])


def test_show_prints_prices_as_people_write_them(capsys: Capture) -> None:
    assert run("show", "--model", "openai.gpt-5.6-luna", "--region", "us-east-1") == 0
    out = capsys.readouterr().out
    assert PriceBook.shipped().hash in out.splitlines()[0]
    assert "input            over 272000  USD 0.44 / 1M tokens" in out
    assert "web_search                    USD 0.012 / request" in out
    assert run("show", "--model", "unheard-of") == 1
    assert run("show", "--model", "openai.gpt-5.4", "--region", "us-gov-west-1") == 0
    assert "not known" in capsys.readouterr().out


def test_show_prints_a_book_that_can_be_read_again(tmp_path: Path, capsys: Capture) -> None:
    assert run("show", "--text") == 0
    copy = tmp_path / "copy.txt"
    copy.write_text(capsys.readouterr().out)
    assert PriceBook.load(copy) == PriceBook.shipped()
    assert run("show", "--text", str(copy)) == 0
    assert PriceBook.parse(capsys.readouterr().out) == PriceBook.shipped()


def test_check_says_where_a_book_is_wrong(tmp_path: Path, capsys: Capture) -> None:
    assert run("check") == 0
    good = book(tmp_path / "book.txt", input=1)
    assert run("check", good) == 0
    capsys.readouterr()
    Path(good).write_text(Path(good).read_text().replace("USD", "EUR"))
    assert run("check", good) == 1
    assert f"{good}:2:52: 'EUR': the currency of a price is USD" in capsys.readouterr().err
    assert run("check", str(tmp_path / "absent")) == 1
    assert "No such file" in capsys.readouterr().err


def test_check_says_that_a_book_is_old(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = book(tmp_path / "book.txt", input=1)
    for now, old in (("2026-10-30", False), ("2026-10-31", True)):
        seconds = (PriceBook.parse(f"date {now}\n").date - PriceBook.load(good).date).days * 86_400
        monkeypatch.setattr("time.time", lambda after=seconds: 1_790_726_400 + after)
        assert run("check", good) == 0
        assert ("This book is 31 days old" in capsys.readouterr().out) is old


def test_diff(tmp_path: Path, capsys: Capture) -> None:
    first = book(tmp_path / "a", input=1, output=2)
    second = book(tmp_path / "b", input=1, output=3, cached=4)
    assert run("diff", first, second) == 0
    assert capsys.readouterr().out.splitlines() == [
        "+ " + LINE.format(kind="cached", pico=4).strip(),
        "- " + LINE.format(kind="output", pico=2).strip(),
        "+ " + LINE.format(kind="output", pico=3).strip(),
    ]
    assert run("diff", "--exit-code", first, second) == 3
    assert run("diff", "--exit-code", first, first) == 0
    assert run("diff", "--exit-code", "shipped", "shipped") == 0


def test_import_shows_conflicts_and_writes_nothing(tmp_path: Path, capsys: Capture) -> None:
    old = book(tmp_path / "old.txt", input=1, output=2)
    new = table(tmp_path / "new.csv", output=3, cached=4)
    target = tmp_path / "made.txt"
    arguments = ("import", "csv", new, "--into", old, "-o", str(target), "--as-of", "2026-10-01")
    assert run(*arguments) == 1
    err = capsys.readouterr().err
    assert "USD 2 2026-09 test" in err
    assert "USD 3 2026-10-01 a table" in err
    assert not target.exists()
    for prefer, output in (("old", 2), ("new", 3)):
        assert run(*arguments, "--prefer", prefer) == 0
        made = PriceBook.load(target)
        assert {p.kind: p.pico_usd for p in made.lines} == {
            "input": 1,
            "cached": 4,
            "output": output,
        }
        assert str(made.date) == "2026-10-01"


def test_a_new_price_keeps_the_old_one_of_the_days_before(tmp_path: Path) -> None:
    old = book(tmp_path / "old.txt", input=1)
    new = tmp_path / "new.csv"
    new.write_text(
        "model,region,serving,kind,pico_usd,from\nm,us-east-1,in-region,input,5,2026-10-01\n"
    )
    made = tmp_path / "made.txt"
    assert run("import", "csv", str(new), "--into", old, "--prefer", "new", "-o", str(made)) == 0
    days = [(p.pico_usd, str(p.first_day), str(p.end_day)) for p in PriceBook.load(made).lines]
    assert days == [(1, "None", "2026-10-01"), (5, "2026-10-01", "None")]


def test_a_book_that_is_preferred_keeps_what_it_says_of_all_regions(tmp_path: Path) -> None:
    """A Region's own prices would stand before all of them, also those of other kinds."""
    old = tmp_path / "old.txt"
    old.write_text(
        "date 2026-09-01\n"
        "m * in-region standard input - - token 2026-09-01 - USD 5 2026-09 all Regions: yes\n"
        "m * in-region standard output - - token 2026-09-01 - USD 6 2026-09 all Regions: yes\n"
    )
    new = tmp_path / "new.csv"
    places = ("m,us-east-1,in-region", "m,us-gov-west-1,in-region", "m,us-east-1,geo")
    rows = [f"{place},{kind},7" for place in places for kind in ("input", "cached")]
    new.write_text("\n".join(["model,region,serving,kind,pico_usd", *rows, ""]))
    out = tmp_path / "out.txt"
    named = (str(new), "--into", str(old), "-o", str(out), "--prefer", "old")
    assert run("import", "csv", *named) == 0
    kept = {
        (price.region, price.serving, price.kind): (price.pico_usd, str(price.end_day))
        for price in PriceBook.load(out).lines
    }
    assert kept == {
        ("*", "in-region", "input"): (5, "None"),
        ("*", "in-region", "output"): (6, "None"),
        **{("us-east-1", "in-region", kind): (7, "2026-09-01") for kind in ("input", "cached")},
        **{("us-gov-west-1", "in-region", kind): (7, "None") for kind in ("input", "cached")},
        **{("us-east-1", "geo", kind): (7, "None") for kind in ("input", "cached")},
    }


def test_import_lists_what_it_does_not_understand(tmp_path: Path, capsys: Capture) -> None:
    new = tmp_path / "new.csv"
    new.write_text("model,region,serving,kind,pico_usd\nm,r,in-region,input,1\nm,r,s,output,x\n")
    assert run("import", "csv", str(new)) == 0
    shown = capsys.readouterr()
    assert "not understood: row 3: 'x' is not a number" in shown.err
    assert len(PriceBook.parse(shown.out).lines) == 1
    new.write_text("model,region,serving,kind,pico_usd\n")
    assert run("import", "csv", str(new)) == 1
    assert "no price was found" in capsys.readouterr().err
    for kind in ("aws", "litellm", "genai-prices"):
        assert run("import", kind, str(new), "--region", "r") == 1
        assert f"not a {kind} file" in capsys.readouterr().err
    # A line that is no price of a book is an error of the book, with its place.
    new.write_text("model,region,serving,kind,pico_usd\nm *,r,in-region,input,1\n")
    assert run("import", "csv", str(new)) == 1


# --- sync ---------------------------------------------------------------------------------------


class PriceList(BaseHTTPRequestHandler):
    """GetProducts of the AWS Price List, for one product, in two pages."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({"target": self.headers["X-Amz-Target"], **body})
        answer: dict[str, Any] = {"FormatVersion": "aws_v1", "PriceList": []}
        if body["ServiceCode"] == "AmazonBedrock":
            kind = "output" if "NextToken" in body else "input"
            answer["PriceList"] = [json.dumps(self.product(kind)), json.dumps(self.product("x"))]
            if kind == "input":
                answer["NextToken"] = "more"
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def product(self, kind: str) -> dict[str, Any]:
        attributes = {
            "usagetype": f"USE1-zai.glm5-mantle-{kind}-tokens-standard",
            "regionCode": "us-east-1",
        }
        price = {"unit": "1K tokens", "beginRange": "0", "pricePerUnit": {"USD": "0.001"}}
        term = {"effectiveDate": "2026-09-01T00:00:00Z", "priceDimensions": {"d": price}}
        return {"product": {"attributes": attributes}, "terms": {"OnDemand": {"t": term}}}

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def price_list(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(PriceList, "asked", [], raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), PriceList)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_sync_asks_for_mantle_alone_and_reads_every_page(price_list: str, capsys: Capture) -> None:
    assert run("sync", "--region", "us-east-1", "--endpoint-url", price_list) == 0
    shown = capsys.readouterr()
    prices = {p.kind: (p.model, p.pico_usd) for p in PriceBook.parse(shown.out).lines}
    assert prices == {"input": ("zai.glm-5", 1_000_000), "output": ("zai.glm-5", 1_000_000)}
    assert shown.err.count("not understood: USE1-zai.glm5-mantle-x-tokens-standard") == 2
    assert {asked["target"] for asked in PriceList.asked} == {"AWSPriceListService.GetProducts"}
    assert {asked["ServiceCode"] for asked in PriceList.asked} == {
        *("AmazonBedrock", "AmazonBedrockService", "AmazonBedrockFoundationModels")
    }
    for asked in PriceList.asked:
        assert asked["Filters"] == [
            {"Type": "CONTAINS", "Field": "usagetype", "Value": "-mantle-"},
            {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"},
        ]


def test_sync_takes_aliases_of_the_users_own(
    price_list: str, tmp_path: Path, capsys: Capture
) -> None:
    aliases = tmp_path / "aliases.txt"
    aliases.write_text("model zai.glm5 zai.other\n")
    arguments = ("sync", "--region", "us-east-1", "--endpoint-url", price_list)
    assert run(*arguments, "--aliases", str(aliases)) == 0
    assert {p.model for p in PriceBook.parse(capsys.readouterr().out).lines} == {"zai.other"}
    aliases.write_text("glm5 zai.other\n")
    assert run(*arguments, "--aliases", str(aliases)) == 1
    assert f"{aliases}:1: 'glm5 zai.other': a line reads" in capsys.readouterr().err


def test_sync_says_what_the_price_list_says(capsys: Capture, price_list: str) -> None:
    assert run("sync", "--region", "us-east-1", "--endpoint-url", f"{price_list[:-1]}") == 1
    assert "costmark: the AWS Price List: " in capsys.readouterr().err


# --- What to do about what has no price -----------------------------------------------------------


def test_a_report_says_how_to_price_it_and_that_works(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("duckdb")
    for name in ("COSTMARK_PRICES", "COSTMARK_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    models = ("us.amazon.nova-lite-v1:0", "openai.gpt-oss-120b", "deepseek.v3.2")
    rows = [
        attempt(
            seq,
            model=model,
            region="us-east-1",
            api=api,
            tier="default",
            input=5,
            output=5,
            meters={},
        )
        for seq, (model, api) in enumerate(
            zip(models, ("converse", "responses", "responses"), strict=True)
        )
    ]
    now_us = time.time_ns() // 1000
    write_segment(tmp_path / "ledger", [{**row, "end_us": now_us} for row in rows])
    assert main(["report", str(tmp_path / "ledger")]) == 0
    _, _, said = capsys.readouterr().out.partition("to price it   ")
    commands = re.findall(r"^ {14}(\S.*)$", said, re.MULTILINE)
    assert [command.partition(" ")[0] for command in commands] == [
        *("costmark", "export", "curl", "costmark"),
    ]
    priced = run_in_shell("\n".join([*commands, "costmark report ledger"]), tmp_path)
    assert "unpriced" in priced.partition("none of")[2]
    assert "to price it" not in priced
    # Who has a book gets the same for it, and what is there stays.
    monkeypatch.setenv("COSTMARK_PRICES", str(tmp_path / "prices.txt"))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    said_now, commands = remedy(["no_model", "region_absent"])
    assert said_now.startswith("set COSTMARK_REGION where the host names no Region")
    assert [command.count(f"--into {tmp_path}/prices.txt") for command in commands] == [1, 1]
    assert all("--region eu-west-1" in command for command in commands)
    assert remedy(["region_absent"])[1] == []
    assert remedy([]) == ("", [])


def test_commands_take_the_book_that_clients_take(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("duckdb")
    write_segment(
        tmp_path / "ledger", [attempt(0, model="own", region="r", input=1, output=0, meters={})]
    )
    for name, pico in (("mine", 5), ("other", 7)):
        (tmp_path / name).write_text(
            f"date 2026-09-01\nown r in-region standard input - - token - - USD {pico} 2026-09 me\n"
        )

    def cost(*more: str) -> object:
        assert main(["report", "--format", "json", *more, str(tmp_path / "ledger")]) == 0
        return json.loads(capsys.readouterr().out)["total"]["cost_pico"]

    assert cost() is None
    monkeypatch.setenv("COSTMARK_PRICES", str(tmp_path / "mine"))
    assert cost() == "5"
    assert cost("--prices", str(tmp_path / "other")) == "7"
    monkeypatch.setenv("COSTMARK_PRICES", "")
    assert cost() is None
    monkeypatch.setenv("COSTMARK_PRICES", str(tmp_path / "gone"))
    for command in (
        ["report"],
        ["chargeback", "--month", "2026-10", "--by", "project"],
        ["compare", "2026-09", "2026-10"],
        ["export", "--format", "focus", "--out", str(tmp_path / "focus.csv")],
        ["reconcile", "--against", "cur:x", "--since", "2026-10-01", "--ledger"],
    ):
        assert main([*command, str(tmp_path / "ledger")]) == 1, command
        assert f"{tmp_path}/gone cannot be read" in capsys.readouterr().err, command
