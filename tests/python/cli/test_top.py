"""``costmark top`` on a real terminal, whose screen is read."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from fcntl import ioctl
from typing import TYPE_CHECKING, Any

import pyte
import pytest

from costmark import ledger
from costmark.cli.main import main
from costmark.ledger.live import DAY_US, Today
from costmark.reports.formats import dollars
from ledger.segments import attempt, line_of, write_segment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def now_us() -> int:
    return time.time_ns() // 1000


def row(seq: int, **members: Any) -> dict[str, Any]:
    at = now_us()
    return attempt(seq, start_us=at - 5, end_us=at, **members)


def today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


class Terminal:
    """``costmark top``, or another command, in a terminal of that size."""

    def __init__(self, columns: int, lines: int, *arguments: str, command: str = "top") -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", PYTHONPATH=os.pathsep.join(sys.path))
            for name in ("NO_COLOR", "LINES", "COLUMNS"):
                os.environ.pop(name, None)
            words = command.split() + (["--interval", "0.1"] if command == "top" else [])
            program = [sys.executable, "-m", "costmark.cli", *words, *arguments]
            # Not `execv`: readline has put LINES and COLUMNS behind `os.environ`.
            os.execve(sys.executable, program, os.environ)
        ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def shows(self, condition: Callable[[str], bool], seconds: float = 20) -> str:
        end = time.monotonic() + seconds
        while not condition(text := "\n".join(self.screen.display)):
            assert time.monotonic() < end, text
            if select.select([self._descriptor], [], [], 0.1)[0]:
                self._stream.feed(os.read(self._descriptor, 1 << 16))
        return text

    def press(self, key: str) -> None:
        os.write(self._descriptor, key.encode())

    def end(self) -> int:
        """The exit status. What it still says is read, or it would wait for that."""
        try:
            while os.read(self._descriptor, 1 << 16):
                pass
        except OSError:
            pass
        os.close(self._descriptor)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (200, 50)])
def test_a_screen(tmp_path: Path, columns: int, lines: int) -> None:
    rows = [
        row(0, project="proj_support", cost_pico=1_234_567_890_123, labels={}),
        row(1, project="proj_search", cost_pico=45_000_000_000, cost_state="unpriced"),
        row(2, project="proj_search", outcome="error", status=500, cost_pico=0),
    ]
    path = write_segment(tmp_path, rows, day=today())
    terminal = Terminal(columns, lines, str(tmp_path))
    shown = terminal.shows(lambda text: "proj_support" in text and "q quit" in text)
    assert "today $1.2796 + ? in 3 calls" in shown
    assert "unpriced 1  incomplete 0  untold 0" in shown
    assert shown.index("proj_support") < shown.index("proj_search")  # by spend
    (line,) = (each for each in shown.splitlines() if "proj_search" in each)
    assert line.rstrip().endswith("$0.0450 + ?")
    terminal.press("s")
    shown = terminal.shows(lambda text: "order: calls" in text)
    assert shown.index("proj_search") < shown.index("proj_support")
    with path.open("ab") as file:
        file.write(line_of(row(3, project="proj_new")))
    terminal.shows(lambda text: "proj_new" in text)
    terminal.press("q")
    assert terminal.end() == 0


def test_what_is_too_much_for_the_screen_is_counted(tmp_path: Path) -> None:
    rows = [row(seq, project=f"proj_{seq}", model=f"model-{seq}") for seq in range(100)]
    write_segment(tmp_path, rows, day=today())
    terminal = Terminal(80, 24, str(tmp_path))
    shown = terminal.shows(lambda text: "q quit" in text)
    assert "in 100 calls" in shown
    assert shown.count("more") == 2
    assert len([line for line in shown.splitlines() if line.strip()]) <= 24
    terminal.press("q")
    assert terminal.end() == 0


BUDGETS = [
    *(f"calm{number}: all 1000usd/month warn" for number in range(7)),
    "over: project=proj_0 1usd/day refuse",
    "near: all 95calls/day warn",
]


@pytest.mark.parametrize(("columns", "lines", "shown"), [(80, 24, 4), (200, 50, 8)])
def test_the_fullest_budgets_are_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int, lines: int, shown: int
) -> None:
    rows = [row(seq, project=f"proj_{seq % 20}", cost_pico=250_000_000_000) for seq in range(80)]
    write_segment(tmp_path, rows, day=today())
    monkeypatch.setenv("COSTMARK_LEDGER", str(tmp_path))
    monkeypatch.setenv("COSTMARK_BUDGETS", "; ".join(BUDGETS))
    assert main(["budgets", "rebuild"]) == 0
    terminal = Terminal(columns, lines, str(tmp_path))
    # The first picture may be older than the terminal's size.
    screen = terminal.shows(
        lambda text: "q quit" in text and text.count("calm") == shown - 2
    ).splitlines()
    (head,) = (at for at, line in enumerate(screen) if line.startswith("BUDGET (of 9)"))
    told = [line.split() for line in screen[head + 1 : head + 1 + shown]]
    assert told[0] == ["over", "$1.0000/day", "refuse", "$1.0000", "$0.0000", "$0.0000", "100%"]
    assert told[1] == ["near", "95", "calls/day", "warn", "80", "0", "15", "84%"]
    assert {words[-1] for words in told[2:]} == {"2%"}
    assert screen[0].startswith("costmark top")
    terminal.press("q")
    assert terminal.end() == 0


def test_control_c_ends_it_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    write_segment(tmp_path, [row(0)], day=today())
    terminal = Terminal(80, 24, str(tmp_path))
    terminal.shows(lambda text: "q quit" in text)
    os.kill(terminal.pid, signal.SIGINT)
    assert terminal.end() == 0


def test_it_ends_when_its_terminal_goes_away(tmp_path: Path) -> None:
    write_segment(tmp_path, [row(0)], day=today())
    command = 'trap \'\' HUP; exec "$0" -m costmark.cli top --interval 60 "$1"'
    pid, descriptor = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", PYTHONPATH=os.pathsep.join(sys.path))
        os.execv("/bin/sh", ["sh", "-c", command, sys.executable, str(tmp_path)])
    assert os.read(descriptor, 1)
    os.close(descriptor)
    end = time.monotonic() + 20
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_no_name_moves_the_cursor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row(0, project="\x1b[2J[red]x[/red]\r\n\x9b31m", model="m\u202e\x07")]
    write_segment(tmp_path, rows, day=today())
    assert main(["top", "--once", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "\\x1b[2J[red]x[/red]" in shown
    assert all(c == "\n" or c.isprintable() for c in shown)


@pytest.mark.parametrize("interval", ["0", "-1", "nan", "inf", "1e9", "soon"])
def test_an_interval_that_is_none(interval: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["top", f"--interval={interval}", "ledger"])
    assert f"{interval!r} is not a number of seconds up to 3600" in capsys.readouterr().err


def test_nothing_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "raw").mkdir()
    assert main(["top", "--once", str(tmp_path)]) == 0
    assert "in 0 calls" in capsys.readouterr().out
    assert main(["top", "--once", str(tmp_path / "nowhere")]) == 1
    assert "there is no ledger" in capsys.readouterr().err


def test_what_was_compacted_today_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_segment(tmp_path, [row(0), row(1)], day=today())
    ledger.compact(tmp_path)
    ledger.prune(tmp_path)
    assert main(["top", "--once", str(tmp_path)]) == 0
    assert "in 2 calls" in capsys.readouterr().out


def test_what_is_in_flight(tmp_path: Path) -> None:
    found = Today(now_us() // DAY_US)
    begin = {**row(0), "kind": "begin"}
    found.add([begin])
    assert found.all.in_flight == found.projects["proj_a"].in_flight == 1
    found.add([begin, {**row(1), "op": begin["op"]}])
    assert (found.all.in_flight, found.all.calls) == (0, 1)
    found.add([row(3), {**row(2), "kind": "begin", "op": row(3)["op"]}])  # in the wrong order
    assert (found.all.in_flight, found.all.calls) == (0, 2)
    found.add([{**row(9), "kind": "begin", "start_us": now_us() - 2 * 3_600_000_000}])
    found.give_up(now_us())
    assert (found.all.in_flight, found.unknown) == (0, 1)


def test_a_background_response_is_one_call_with_the_usage_of_its_end() -> None:
    found = Today(now_us() // DAY_US)
    found.add([row(0, outcome="open", input=0, output=0, cost_pico=0, response_id="resp_1")])
    for seq in (1, 2):  # two processes saw its end
        found.add(
            [{**row(seq, input=7, output=3, cost_pico=5, response_id="resp_1"), "kind": "settle"}]
        )
    assert (found.all.calls, found.all.input, found.all.output, found.all.cost_pico) == (1, 7, 3, 5)


def second_line_is_cut(text: str) -> bool:
    return "\u2026" in text.splitlines()[1]


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (200, 50)])
def test_tail_keeps_each_row_on_a_line(tmp_path: Path, columns: int, lines: int) -> None:
    path = write_segment(tmp_path, [], day=today())
    terminal = Terminal(columns, lines, str(tmp_path), command="ledger tail")
    failed = row(0, outcome="error", status=429, error_code="rate_limit_exceeded", labels={})
    long = row(1, cost_pico=1_250_000_000, labels={"feature": "\x1b[2J" + "x" * 250})
    screen: list[str] = []
    while not screen:  # it follows from its start on, whenever that is
        with path.open("ab") as file:
            file.write(line_of(failed) + line_of(long))
        with contextlib.suppress(AssertionError):
            screen = terminal.shows(second_line_is_cut, seconds=1).splitlines()
        failed["seq"] += 2
        long["seq"] += 2
    assert "attempt  proj_a  openai.gpt-oss-120b  error 429 rate_limit_exceeded" in screen[0]
    assert "attempt  proj_a  openai.gpt-oss-120b  ok  11 in, 2 out  0 ms" in screen[1]
    assert len(screen[1].rstrip()) == columns
    assert all("attempt" in line for line in screen if line.strip())
    os.kill(terminal.pid, signal.SIGINT)
    assert terminal.end() == 0


def test_another_day_is_not_today() -> None:
    found = Today(now_us() // DAY_US)
    found.add([attempt(0), row(1)])
    assert found.all.calls == 1


def test_rates_are_those_of_a_minute() -> None:
    found = Today(now_us() // DAY_US)
    found.add([row(seq, input=100, output=20) for seq in range(30)])
    assert found.all.minute.rates(now_us()) == (0.5, 60.0)
    assert found.all.minute.rates(now_us() + 62_000_000) == (0.0, 0.0)


def test_it_says_what_a_report_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = {"input": 1_000_003, "output": 17, "region": "us-east-1", "tier": "default"}
    told |= {"meters": {}, "cost_pico": 150_002_550_000 // 100, "cost_state": "priced"}
    rows = [
        row(0, project="proj_tried_again", **told),
        row(1, project="proj_tried_again", **told, attempt=2, op=row(0)["op"]),
        row(2, project="proj_tried_again", **told),
        without_usage(row(3, project="proj_tried_again")),
        without_usage(row(4, project="proj_silent")),
    ]
    write_segment(tmp_path, rows, day=today())
    assert main(["report", "--format", "json", str(tmp_path)]) == 0
    (tried, silent) = json.loads(capsys.readouterr().out)["lines"]
    assert (tried["calls"], tried["attempts"], tried["untold"]) == (3, 4, 1)
    assert (silent["calls"], silent["untold"]) == (1, 1)
    found = Today(now_us() // DAY_US)
    found.add(rows)
    for line in (tried, silent):
        sums = found.projects[line["project"]]
        assert {name: getattr(sums, name) for name in ("calls", "attempts", "untold")} == {
            name: line[name] for name in ("calls", "attempts", "untold")
        }
    assert main(["top", "--once", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "today $0.0045 + ? in 4 calls" in shown
    (line,) = (each for each in shown.splitlines() if "proj_tried_again" in each)
    assert line.split()[2:3] == ["3"]
    assert line.rstrip().endswith("$0.0045 + ?")
    (line,) = (each for each in shown.splitlines() if "proj_silent" in each)
    assert line.rstrip().endswith("no price")
    assert "untold 2" in shown


def without_usage(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in ("input", "output")}
    del kept["cost_pico"], kept["meters"], kept["usage"]
    return {**kept, "cost_state": "unknown"}


@pytest.mark.parametrize("settled_first", [False, True])
def test_a_response_that_is_settled_is_no_longer_untold(*, settled_first: bool) -> None:
    begun = without_usage(row(0, outcome="open", response_id="resp_1"))
    settled = {**row(1, response_id="resp_1", cost_pico=5), "kind": "settle"}
    found = Today(now_us() // DAY_US)
    if not settled_first:
        found.add([begun])
        assert found.all.untold == 1
    found.add([settled, begun])
    assert (found.all.untold, found.all.cost_pico, found.all.is_known) == (0, 5, True)


def test_there_is_one_way_to_write_dollars(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    amounts = [1, 1_550_000_000, 9_999_960_000_000, 1_234_567_895_000_000_000]
    rows = [row(seq, project=f"p{seq}", cost_pico=pico) for seq, pico in enumerate(amounts)]
    write_segment(tmp_path, rows, day=today())
    assert main(["top", "--once", str(tmp_path)]) == 0
    shown = capsys.readouterr().out.splitlines()
    cells = [line.split()[-1] for seq in range(4) for line in shown if f"p{seq} " in line]
    assert cells == [dollars(pico) for pico in amounts]
    assert cells[:2] == ["<$0.0001", "$0.0016"]
