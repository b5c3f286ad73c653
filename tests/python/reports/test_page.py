"""The page of a report: what is on it, that nothing breaks out of it, and how it is used."""

from __future__ import annotations

import itertools
import re
import time
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from costmark import ledger, prices
from costmark.cli.main import main
from costmark.reports import formats, report
from costmark.reports.overview import Cache, overview
from costmark.reports.page import charts, overview_page
from ledger.segments import attempt, write_segment
from reports import reference
from reports.browsers import chromium, low_contrast, opened
from reports.year import DAY_US, book, write_year

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATES = (
    *("unattributed", "unpriced", "partial", "elsewhere", "incomplete", "untold"),
    *("unknown", "in flight", "refused", "torn", "lost", "unreadable"),
)
HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    '=HYPERLINK("http://192.0.2.1")',
    "{{constructor}} ${alert(1)} <!--",
    "\u202egnp.exe &lt;b&gt;",
    "&#x3c;b&#x3e; datum.x > 1 ? url(http://192.0.2.1/x.svg) : 0",
]
ELEMENTS = (
    "html head meta link title style body a header main footer section h1 h2 h3 p dl dt dd div ol "
    "li span bdi code table thead tbody tfoot tr th td label input output script svg rect g path "
    "text line"
)


class _Elements(HTMLParser):
    """The elements of a page, and its texts outside of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.scripts = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            self.scripts += data
        else:
            self.text += data


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("year")
    write_year(folder, days=100, projects=9, calls=2)
    return folder


@pytest.fixture(scope="module")
def page(year: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(overview_page(overview(year, book=book())), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


# --- The numbers ----------------------------------------------------------------------------------


def test_the_cuts_are_those_of_reports(year: Path) -> None:
    found = overview(year, book=book())
    assert (found.step, found.tags) == ("week", ["env", "team"])
    assert found.steps[1] - found.steps[0] == timedelta(weeks=1)
    for name in ("project", "model", "tag:team"):
        wanted = report(year, by=[name], book=book())
        assert found.by(name) == wanted.lines
        over_time = found.over_time(name)
        for line in wanted.lines:
            steps = over_time[line.key[0]]
            assert steps.keys() <= set(found.steps)
            assert sum(sums.cost_pico for sums in steps.values()) == line.sums.cost_pico
        assert found.report.total == wanted.total
        assert found.report.states == wanted.states
    (labels,) = found.labels
    assert labels.lines == [
        line for line in report(year, by=["label:feature"], book=book()).lines if line.key[0]
    ]


def test_what_caching_saved_is_the_difference_of_two_bills(year: Path) -> None:
    rows = [line for path in year.rglob("*.jsonl") for line in path.read_bytes().split(b"\n")]
    wanted = Cache()
    for row in reference.ended(reference.whole(rows)):
        if "input" not in row:
            continue
        wanted.input += row["input"]
        wanted.cached += row["cached"]

        def cost(row: dict[str, Any], **counts: int) -> int | None:
            return (
                book()
                .price(
                    model=row["model"],
                    region="us-east-1",
                    serving="in-region",
                    end=row["end_us"],
                    input_tokens=row["input"],
                    output_tokens=0,
                    total_tokens=row["input"],
                    **counts,
                )
                .pico_usd
            )

        plain = cost(row)
        real = cost(
            row,
            cached_input_tokens=row["cached"],
            cache_write_tokens=row["cache_write"],
        )
        if plain is None or real is None:
            wanted.unpriced += row["cached"] + row["cache_write"]
        else:
            wanted.saved_pico += plain - real
    found = overview(year, book=book())
    assert found.cache == wanted
    assert sum(each.saved_pico for each in found.cache_by_step.values()) == wanted.saved_pico


def test_latency_and_errors_are_those_of_the_rows(tmp_path: Path) -> None:
    rows = [
        attempt(n, latency_us=1000 * (n + 1), ttfb_us=10 * (n + 1), outcome="ok") for n in range(20)
    ]
    rows += [attempt(n, outcome="error", error_code="Throttled", status=429) for n in range(20, 25)]
    write_segment(tmp_path, rows)
    found = overview(tmp_path)
    assert vars(found.service) == {
        "attempts": 25,
        "errors": 5,
        "median_us": 10_000,
        "slow_us": 19_000,
        "first_byte_us": 100,
    }
    assert found.error_codes == [("Throttled", 5)]
    assert found.step == "hour"


@pytest.mark.parametrize(
    ("days", "step", "count"),
    [(1, "hour", 25), (40, "day", 41), (300, "week", 43), (800, "month", 27)],
)
def test_the_time_is_divided_without_gaps(tmp_path: Path, days: int, step: str, count: int) -> None:
    last = attempt(0)
    first = attempt(1, end_us=last["end_us"] - days * DAY_US)
    write_segment(tmp_path, [first, last])
    found = overview(tmp_path)
    assert (found.step, len(found.steps)) == (step, count)
    assert found.over_time("project")["proj_a"].keys() == {found.steps[0], found.steps[-1]}


def test_clocks_that_are_wrong_by_years(tmp_path: Path) -> None:
    times = (0, attempt(0)["end_us"], 95_617_584_000_000_000)
    write_segment(tmp_path, [attempt(n, end_us=at) for n, at in enumerate(times)])
    found = overview(tmp_path)
    assert found.report.total.attempts == 3
    assert (found.step, found.outside) == ("month", 2)
    assert len(found.steps) < 130
    assert "2 attempts of a far other time" in overview_page(found)


# --- The page -------------------------------------------------------------------------------------


def test_the_page_shows_the_total_and_every_state(year: Path) -> None:
    found = overview(year, book=book())
    content = _Elements(overview_page(found)).text
    total = found.report.total
    assert not total.is_known
    assert f"{formats.dollars(total.cost_pico)} + ?" in content
    assert "At list prices of 20 Nov 2026" in content
    assert book().hash in content
    states = found.report.states
    for name, count in (
        ("Unattributed", states.unattributed.attempts),
        ("Unpriced", total.unpriced),
        ("Incomplete", total.incomplete),
        ("Unknown", states.unknown),
        ("Torn", states.torn),
        ("Lost", states.lost),
        ("Refused", states.refused),
    ):
        assert count > 0
        assert f"{name}{count:,}" in content


def test_an_empty_ledger_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    made = overview_page(overview(tmp_path, book=book()))
    content = _Elements(made).text
    assert f"None of: {', '.join(STATES)}." in content
    assert "there is nothing to sum up" in content
    assert "<script" not in made


def test_what_has_no_price_is_not_zero(tmp_path: Path) -> None:
    write_segment(tmp_path, [attempt(0, model="unheard-of")])
    content = _Elements(overview_page(overview(tmp_path, book=book()))).text
    assert "No price" in content
    assert "Nothing here has a price" in content
    assert "$0" not in content.replace("counted as $0", "")


def test_an_old_book_is_told_of(year: Path) -> None:
    now = datetime.now(timezone.utc)
    for days, told in ((29, False), (31, True)):
        old = book(f"{now - timedelta(days=days):%Y-%m-%d}")
        assert ("more than 30 days ago" in overview_page(overview(year, book=old))) is told


def test_nothing_that_callers_wrote_breaks_out(tmp_path: Path, browser: Any) -> None:
    rows = [
        attempt(
            place,
            project=text,
            model=HOSTILE[place - 1],
            tags={text: HOSTILE[place - 2], "team": text},
            labels={HOSTILE[place - 3]: text},
            outcome="error" if place % 2 else "ok",
            error_code=text,
        )
        for place, text in enumerate(HOSTILE)
    ]
    write_segment(tmp_path, rows)
    made = overview_page(overview(tmp_path, book=book()))
    found = _Elements(made)
    assert set(found.names) <= set(ELEMENTS.split())
    assert found.names.count("script") == found.names.count("style") == 1
    assert "alert" not in found.scripts
    for name, value in found.attributes:
        assert not name.startswith("on")
        assert name not in ("src", "srcset", "style", "action", "formaction")
        if name == "href":
            assert value in ("#table", "data:,")
    for text in HOSTILE:
        assert text.replace("\u202e", "\\u202e") in found.text
    file = tmp_path / "page.html"
    file.write_text(made, encoding="utf-8")
    with opened(browser, file) as page:
        page.on("dialog", lambda _: pytest.fail("a text ran as a script"))
        assert page.locator("table.sorts tbody tr").count() == len(HOSTILE)


def test_no_text_of_callers_is_in_a_chart(year: Path) -> None:
    made = overview_page(overview(year, book=book()))
    charts = re.findall(r'<svg class="(?:wide|narrow)".*?</svg>', made, re.DOTALL)
    assert len(charts) == 2 * 7
    assert not [chart for chart in charts if "proj_" in re.sub(r"^<svg [^>]*>", "", chart)]


def test_the_command_writes_the_page(
    year: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.html"
    arguments = ["report", "--html", str(file), "--where", "tag:team=search", str(year)]
    assert main(arguments) == 0
    content = file.read_text(encoding="utf-8")
    assert "proj_search_chat_00" in content
    assert "proj_support" not in content
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert main([*arguments, "--by", "day"]) == 1
    assert "leave out --by" in capsys.readouterr().err


@pytest.mark.full
@pytest.mark.timeout(600)
def test_a_year_of_fifty_projects(tmp_path: Path) -> None:
    write_year(tmp_path)
    ledger.compact(tmp_path)
    begin = time.process_time()
    made = overview_page(overview(tmp_path, book=book()))
    took = time.process_time() - begin
    assert len(made.encode()) < 600_000
    assert took < 15  # seconds of all processors together


@pytest.mark.parametrize("most", [1e-7, 0.02, 0.3, 1, 9.99, 10, 90, 3600, 10**7])
def test_axes_are_written_out(most: float) -> None:
    begins = [datetime(2026, 1, day, tzinfo=timezone.utc) for day in range(1, 9)]
    ends = [each + timedelta(days=1) for each in begins]
    values = [most * place / 7 for place in range(8)]
    for drawn in (
        charts.Lines(begins, ends, [values], charts.PLAIN),
        charts.Lines(begins, ends, [values], charts.SHARE),
        charts.Stack(begins, ends, [values], other=False),
    ):
        ticks = re.findall(r">([$0-9][^<]*)</text>", charts.chart(drawn, "what is to be seen"))
        assert len(ticks) >= 4
        assert [each for each in ticks if re.search(r"\de", each)] == []


# --- In a browser ---------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 900, 1440])
def test_the_page_can_be_read(
    browser: Any, page: Path, width: int, scheme: str, script: bool
) -> None:
    with opened(browser, page, width=width, scheme=scheme, script=script) as shown:
        assert shown.evaluate("document.documentElement.scrollWidth") == width
        assert low_contrast(shown) == []
        charts = shown.locator(".chart svg:visible")
        assert charts.count() == 7
        for place in range(7):
            box = charts.nth(place).bounding_box()
            assert box["width"] > 0.35 * min(width, 1144)
        names = shown.locator(".ranks bdi")
        assert min(names.nth(place).bounding_box()["width"] for place in range(5)) > 90
        others = shown.locator(".none-of:visible").inner_text()
        for name in STATES:
            counted = shown.locator(f"dt:visible:text-is('{name.capitalize()}')").count()
            assert counted + others.count(name) == 1
        assert shown.locator("table.sorts tbody tr:visible").count() > 9
        assert shown.locator("input:visible").count() == (1 if script else 0)
        if width == 1440:  # a desk has room for the whole table
            wide = (
                "[...document.querySelectorAll('.scroll')].map(e => e.scrollWidth - e.clientWidth)"
            )
            assert set(shown.evaluate(wide)) == {0}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_desk_has_room_for_many_long_columns(browser: Any, tmp_path: Path, scheme: str) -> None:
    rows = [
        attempt(
            n,
            project=f"proj_{n:02}yyiyeyl2axwu2ry3zee",
            model="acme.preview-1-long-context-v1:0",
            region="us-east-1",
            input=10**11 + n,
            cached=10**10,
            output=10**10,
            tags={
                "cost-center": f"CC-{10_000 + n}-platform-engineering",
                "environment": "production-europe",
                "team": f"customer-experience-{n}",
                "costmark_project": f"shop/customer-support-chatbot-{n}",
            },
            latency_us=5,
        )
        for n in range(8)
    ]
    for row in rows:
        row["meters"] = {}
    write_segment(tmp_path, rows)
    priced = prices.PriceBook.parse(
        "date 2025-11-01\n"
        "acme.preview-1-long-context-v1:0 us-east-1 in-region standard input - - token - - "
        "USD 450000 2025-11 x\n"
        "acme.preview-1-long-context-v1:0 us-east-1 in-region standard output - - token - - "
        "USD 1800000 2025-11 x\n"
    )
    file = tmp_path / "page.html"
    file.write_text(overview_page(overview(tmp_path, book=priced)), encoding="utf-8")
    with opened(browser, file, scheme=scheme) as shown:
        wide = "[...document.querySelectorAll('.scroll')].map(e => e.scrollWidth - e.clientWidth)"
        assert set(shown.evaluate(wide)) == {0}
        heads = shown.locator("table.sorts thead th").all_inner_texts()
        assert [each.split("\n")[0].strip() for each in heads][:2] == ["Project", "Spend"]
        assert "costmark_project" not in "".join(heads)  # it is the name of the project
        first = shown.locator("table.sorts tbody tr").first
        assert first.locator("th bdi").get_attribute("title").startswith("customer-support-")
        assert first.locator("td[title^='100,000,000,00']").inner_text() == "100B"
        names = "[...document.querySelectorAll('table.many bdi')]"
        assert max(shown.evaluate(f"{names}.map(e => e.scrollWidth - e.clientWidth)")) <= 0
        assert low_contrast(shown) == []


def test_paper_stays_white(browser: Any, page: Path) -> None:
    with opened(browser, page, scheme="dark") as shown:
        ground = "getComputedStyle(document.body).backgroundColor"
        assert shown.evaluate(ground) == "rgb(16, 20, 19)"
        shown.emulate_media(media="print")
        assert shown.evaluate(ground) == "rgb(252, 252, 250)"
        assert low_contrast(shown) == []


def test_everything_has_a_name(browser: Any, page: Path) -> None:
    with opened(browser, page) as shown:
        assert shown.locator("html[lang=en] h1").count() == 1
        assert "Bedrock spend" in shown.title()
        assert shown.locator("svg:not([aria-hidden]):not([role=img][aria-label])").count() == 0
        assert shown.locator("th:not([scope])").count() == 0
        assert shown.get_by_label("Filter by project, model or tag").count() == 1
        levels = shown.eval_on_selector_all("h1, h2, h3", "all => all.map(e => +e.tagName[1])")
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_the_table_is_used_by_keyboard(browser: Any, page: Path) -> None:
    with opened(browser, page) as shown:

        def column(place: int) -> list[str]:
            found: list[str] = shown.eval_on_selector_all(
                f"table.sorts tbody tr:not([hidden]) > :nth-child({place + 1})",
                "cells => cells.map(cell => cell.dataset.n || cell.innerText)",
            )
            return found

        spend = list(map(int, column(1)))
        assert spend == sorted(spend, reverse=True)
        shown.get_by_label("Filter by project, model or tag").focus()
        for _ in range(2):  # past the region that scrolls
            shown.keyboard.press("Tab")
        assert shown.evaluate("document.activeElement.innerText").startswith("Project")
        shown.keyboard.press("Enter")
        assert shown.locator("th[aria-sort=ascending]").inner_text().startswith("Project")
        projects = column(0)
        assert len(projects) == len(spend)
        assert projects == sorted(projects)
        shown.keyboard.press("Space")
        assert column(0) == sorted(projects, reverse=True)
        shown.keyboard.press("Tab")
        shown.keyboard.press("Enter")
        assert list(map(int, column(1))) == spend

        wanted = [
            line
            for line in zip(column(0), column(2), column(4), strict=True)
            if "search" in "".join(line) and "gpt-5" in line[1]
        ]
        assert 0 < len(wanted) < len(spend)
        shown.get_by_label("Filter by project, model or tag").focus()
        shown.keyboard.type("SEARCH gpt-5")
        assert list(zip(column(0), column(2), column(4), strict=True)) == wanted
        told = shown.locator("output").inner_text()
        assert told == f"{len(wanted)} of {len(spend)} lines"


def test_amounts_beyond_53_bits_are_sorted(browser: Any, tmp_path: Path) -> None:
    pico = prices.PriceBook.parse(
        "date 2026-11-20\n"
        "alpha us-east-1 in-region standard input - - token - - USD 1 2026-11 x\n"
        "alpha us-east-1 in-region standard output - - token - - USD 1 2026-11 x\n"
    )
    most = 2**62
    rows = [
        attempt(n, project=f"p{n}", model="alpha", region="us-east-1", input=most + n, output=0)
        for n in (1, 3, 2, 0)
    ]
    for row in rows:
        row["meters"] = {}
    write_segment(tmp_path, rows)
    file = tmp_path / "page.html"
    file.write_text(overview_page(overview(tmp_path, book=pico)), encoding="utf-8")
    with opened(browser, file) as shown:
        shown.get_by_role("button", name="Spend").click()
        assert shown.locator("table.sorts tbody th").all_inner_texts() == ["p0", "p1", "p2", "p3"]
