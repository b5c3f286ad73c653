"""Runs the cases with a runner, and says what is not as they say.

python check.py [--answers FILE] [--case NAME] RUNNER [ARGUMENT...]

Ends with status 1 when a case failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cases as case_file
import expect
from server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

Case = dict[str, Any]

# What cases wait for. Such a case is skipped; empty this when it is there.
NOT_YET: dict[str, str] = {}

RUNNER_SECONDS = 300


class SkippedError(Exception):
    """A case that was not run, and why."""


@contextmanager
def serving(cases: list[Case]) -> Iterator[Server]:
    server = Server(cases)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def read_ledger(folder: Path) -> list[Case]:
    """The rows of one ledger in their order, without what its writer says of itself."""
    rows: list[Case] = []
    for path in sorted(folder.rglob("*.jsonl"), key=lambda path: path.name.split("-")[-2]):
        rows += map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [row for row in rows if row["kind"] != "note"]


class Report:
    """What one runner brought, for all cases: it is started once."""

    def __init__(self, cases: list[Case], command: list[str], only: str = "") -> None:
        self.cases = {case["name"]: case for case in cases}
        self.lines: dict[str, dict[str, list[Case]]] = {}
        self.failure = ""
        with serving(cases) as server, tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "cases.json")
            ledgers = Path(folder, "ledgers")
            path.write_text(case_file.for_runners(cases, ledgers), encoding="utf-8")
            arguments = ["--cases", str(path), "--server", server.origin]
            self._run([*command, *arguments, *(["--case", only] if only else [])])
            self.received = {
                (name, way): server.received(f"{name}.{way}")
                for name, ways in self.lines.items()
                for way in ways
            }
            self.ledgers = {
                (name, way): read_ledger(case_file.ledger_of(ledgers, name, way))
                for name, ways in self.lines.items()
                for way in ways
            }

    def _run(self, command: list[str]) -> None:
        try:
            done = subprocess.run(command, capture_output=True, timeout=RUNNER_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            self.failure = f"the runner did not end within {RUNNER_SECONDS} s"
            printed = error.stdout or b""
        else:
            printed = done.stdout
            if done.returncode:
                told = done.stderr.decode(errors="replace").strip()
                self.failure = f"the runner ended with status {done.returncode}: {told[-2000:]}"
        for text in printed.decode().splitlines():
            line = json.loads(text)
            ways = self.lines.setdefault(line["case"], {})
            ways.setdefault(line.get("way", ""), []).append(line)

    def check(self, name: str) -> list[str]:
        """What is not as the case says. Raises SkippedError for one that does not count."""
        case = self.cases[name]
        if case.get("needs") in NOT_YET:
            raise SkippedError(NOT_YET[case["needs"]])
        return self.differences(name)

    def differences(self, name: str) -> list[str]:
        ways = self.lines.get(name, {})
        if not ways:
            return [self.failure or "the runner printed nothing about this case"]
        found = []
        reasons = []
        for way, lines in ways.items():
            skips = [line["reason"] for line in lines if line["line"] == "skip"]
            reasons += skips
            if not skips:
                told = expect.differences(
                    self.cases[name], way, lines, self.received[name, way], self.ledgers[name, way]
                )
                found += [f"{way}: {difference}" for difference in told]
        if len(reasons) == len(ways):
            raise SkippedError("; ".join(reasons))
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=Path, default=case_file.ANSWERS)
    parser.add_argument("--case", default="", help="only this one, with all that was printed")
    parser.add_argument("--needing", action="store_true", help="also what is not there yet")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="RUNNER")
    arguments = parser.parse_args()
    cases = case_file.load(arguments.answers)
    report = Report(cases, arguments.command, arguments.case)
    if not arguments.answers.exists():
        print(f"skipped the cases of {arguments.answers}: there is no such file")
    failed = passed = skipped = 0
    for name in [arguments.case] if arguments.case else report.cases:
        try:
            found = (report.differences if arguments.needing else report.check)(name)
        except SkippedError as reason:
            print(f"skipped {name}: {reason}")
            skipped += 1
            continue
        failed, passed = failed + bool(found), passed + (not found)
        for difference in found:
            print(f"{name}: {difference}")
        if arguments.case:
            for lines in report.lines.get(name, {}).values():
                print("\n".join(json.dumps(line) for line in lines))
            print(json.dumps(report.received.get((name, "operation")), indent=1))
    if report.failure:
        print(report.failure)
    print(f"{passed} cases passed, {failed} failed, {skipped} skipped")
    return 1 if failed or report.failure else 0


if __name__ == "__main__":
    sys.exit(main())
