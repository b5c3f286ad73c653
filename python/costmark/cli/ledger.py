"""``costmark ledger``: show, tail, verify, compact, prune, erase, push."""

from __future__ import annotations

import argparse
import json
import select
import shutil
import sys
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

from .. import ledger
from .._names import names_of
from ..errors import ConfigurationError
from ..ledger.follow import Follower
from ..reports.formats import counted, dollars, key_text
from ..reports.state_words import state
from .names import add_lock
from .output import complain, plain, print_row

if TYPE_CHECKING:
    from pathlib import Path

    from .output import Commands

_POLL_SECONDS = 0.5
_MOST_FAULTS = 20


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "ledger",
        help="read and keep the ledger: show, tail, verify, compact, prune, erase, push",
        description="Reads the rows that option `ledger` writes. PATH is such a folder, or a file: "
        "a segment, or a log with rows among its lines.",
    )
    parts = parser.add_subparsers(metavar="PART", required=True)
    show = parts.add_parser("show", help="print the rows", description="Prints the rows.")
    tail = parts.add_parser(
        "tail",
        help="print rows as they are written",
        description="Prints the rows that are written from now on, until Ctrl-C.",
    )
    for part in (show, tail):
        part.add_argument("--json", action="store_true", help="whole rows, as lines of JSON")
        part.add_argument("--project", help="only those of this project, by its id or its name")
        add_lock(part)
        part.add_argument(
            "--kind",
            choices=["begin", "attempt", "settle", "refused", "note"],
            help="only those of this kind",
        )
    verify = parts.add_parser(
        "verify",
        help="check every line",
        description="Checks every line: torn and unreadable ones, gaps in the numbers of rows, "
        "attempts without an end, and whether compacted rows are those that were written. Ends "
        "with status 1 when rows are missing or cannot be read, or something was changed.",
    )
    _add_keeping(parts)
    show.set_defaults(run=_show)
    tail.set_defaults(run=_tail)
    verify.set_defaults(run=_verify)
    for part in (show, tail, verify):
        part.add_argument("paths", nargs="+", metavar="PATH")


def _add_keeping(parts: Commands) -> None:
    compact = parts.add_parser(
        "compact",
        help="write closed segments as Parquet",
        description="Writes the rows of closed segments to PATH/rows, as Parquet that any engine "
        "reads. The segments stay; `prune` removes them. Needs costmark[report].",
    )
    prune = parts.add_parser(
        "prune",
        help="remove what is compacted, old days, old labels",
        description="Removes the segments whose rows are all in PATH/rows, which changes no "
        "report.",
    )
    prune.add_argument(
        "--rows-before", type=day, metavar="DATE", help="also the rows of UTC days before this one"
    )
    prune.add_argument(
        "--labels-before",
        type=day,
        metavar="DATE",
        help="also the labels of rows of UTC days before this one; tokens and costs stay",
    )
    erase = parts.add_parser(
        "erase",
        help="take a label out of all rows",
        description="Takes labels with these values out of all rows, and keeps tokens and costs. "
        "Compacts and prunes first. Ends with status 1 when segments that are still written hold "
        "such rows: run it again later.",
    )
    erase.add_argument(
        "--label",
        action="append",
        required=True,
        type=_label,
        metavar="NAME=VALUE",
        help="a label to erase; may be given several times",
    )
    push = parts.add_parser(
        "push",
        help="send compacted rows to S3 or a shared folder",
        description="Sends the rows that were compacted to a place that many machines share. What "
        "was sent before is not sent again, also after an interruption. S3 needs costmark[aws].",
    )
    push.add_argument(
        "--to", required=True, metavar="PLACE", help="s3://BUCKET/PREFIX, or a folder"
    )
    for part, run in ((compact, _compact), (prune, _prune), (erase, _erase), (push, _push)):
        part.set_defaults(run=run)
        part.add_argument("path", metavar="PATH", help="the folder that option `ledger` names")


def day(text: str) -> date:
    """A date. Raises ArgumentTypeError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date, as in 2026-11-30") from None


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not a label, as in user=alice")
    return name, value


def _compact(arguments: argparse.Namespace) -> int:
    done = ledger.compact(arguments.path)
    print_row("rows", str(done.rows))
    print_row("segments", f"{done.segments}, and {len(done.open)} that are still written")
    for name in done.newer:
        print_row("newer", plain(f"{name} has rows of a later version, or is cut, and stays"))
    for path, number, fault in done.faults[:_MOST_FAULTS]:
        print_row("no row", plain(f"{path}:{number}: {fault.kind}: {fault.reason}"))
    return 0


def _prune(arguments: argparse.Namespace) -> int:
    done = ledger.prune(
        arguments.path,
        rows_before=arguments.rows_before,
        labels_before=arguments.labels_before,
    )
    print_row("segments", f"{len(done.segments)} removed, whose rows are compacted")
    for name in done.unreadable:
        print_row("", plain(f"{name} stays: it has lines that are no rows"))
    print_row("rows", f"{done.rows} removed")
    print_row("labels", f"taken from {counted(done.labels, 'row')}")
    return _tell_changed(done)


def _erase(arguments: argparse.Namespace) -> int:
    done = ledger.erase(arguments.path, *arguments.label)
    print_row("labels", f"taken from {counted(done.labels, 'row')}")
    for name in done.open:
        complain(
            f"{name} has such rows, or may have: it is still being written, or cannot be read; "
            "run this again later"
        )
    return max(_tell_changed(done), 1 if done.open else 0)


def _push(arguments: argparse.Namespace) -> int:
    try:
        done = ledger.push(arguments.path, arguments.to)
    except KeyboardInterrupt:
        complain("interrupted; what was sent stays, and the next run sends the rest")
        return 130
    print_row("sent", f"{counted(done.sent, 'part')}, {counted(done.bytes, 'byte')}")
    print_row("already there", counted(done.already_there, "part"))
    print_row("replaced", f"{counted(done.replaced, 'part')}, written anew since")
    return 0


def _tell_changed(done: ledger.Pruned) -> int:
    for name in done.changed:
        complain(
            f"{name} is not what its manifest says, and was left; see `costmark ledger verify`"
        )
    return 1 if done.changed else 0


def _show(arguments: argparse.Namespace) -> int:
    _resolve(arguments)
    faults = 0

    def on_fault(path: Path, number: int, fault: ledger.Fault) -> None:
        nonlocal faults
        faults += 1
        if faults <= _MOST_FAULTS:
            complain(f"{path}:{number}: {fault.kind}: {fault.reason}")

    for row in ledger.read(*arguments.paths, on_fault=on_fault, notes=True):
        _print(row, arguments)
    if faults > _MOST_FAULTS:
        complain(f"{faults} lines are no rows; `costmark ledger verify` tells of what kinds")
    return 0


def _resolve(arguments: argparse.Namespace) -> None:
    """Put the ids in the place of a project's name."""
    if arguments.project is not None:
        names = names_of(arguments.lock).with_experiments(arguments.paths)
        arguments.project = names.ids_of(arguments.project, "--project")


def _tail(arguments: argparse.Namespace) -> int:
    _resolve(arguments)
    follower = Follower(*arguments.paths)
    is_screen = sys.stdout.isatty()
    reader = select.poll()
    reader.register(sys.stdout, 0)  # tells that it is gone, and nothing else
    try:
        while True:
            width = shutil.get_terminal_size().columns if is_screen else None
            for row in follower.rows():
                _print(row, arguments, width)
            sys.stdout.flush()
            if reader.poll(_POLL_SECONDS * 1000):
                return 0
    except KeyboardInterrupt:
        return 0


def _print(row: ledger.Row, arguments: argparse.Namespace, width: int | None = None) -> None:
    if arguments.project is not None and row.get("project") not in arguments.project:
        return
    if arguments.kind not in (None, row["kind"]):
        return
    print(json.dumps(row) if arguments.json else _line(row, width))


def _line(row: ledger.Row, width: int | None) -> str:
    """A row in one line; what callers wrote cannot move the cursor.

    ``width``: that of a screen which shows rows of now, cut where they do not fit.
    """
    at_us: int = row["end_us"] if "end_us" in row else row["start_us"]
    at = datetime.fromtimestamp(at_us / 1e6, timezone.utc)
    parts = [
        f"{at:%Y-%m-%d %H:%M:%S}" if width is None else f"{at:%H:%M:%S}",
        f"{row['kind']:<7}",
    ]
    if row["kind"] == "note":
        parts.append(f"{row['note']}, {counted(row.get('rows_written', 0), 'row')} written")
        if row.get("rows_lost"):
            parts.append(f"{row['rows_lost']} lost ({row.get('reason', 'unknown reason')})")
    else:
        parts += [key_text(row.get(name)) for name in ("project", "model")]
        parts.append(_outcome(row))
        if "input" in row or "output" in row:
            parts.append(f"{row.get('input', '?')} in, {row.get('output', '?')} out")
        if "latency_us" in row:
            parts.append(f"{row['latency_us'] / 1000:.0f} ms")
        if "cost_pico" in row:
            parts.append(dollars(row["cost_pico"]))
        elif row.get("cost_state", "unknown") != "unknown":
            parts.append(row["cost_state"])
        parts += [f"{name}={value}" for name, value in row.get("labels", {}).items()]
    line = plain("  ".join(part for part in parts if part))
    return line if width is None or len(line) <= width else line[: width - 1] + "\u2026"


def _outcome(row: ledger.Row) -> str:
    """How it ended, with what the server said of an error."""
    parts = [row.get("outcome")]
    if row.get("outcome") in (None, "error"):
        parts += [str(row.get("status", "")), row.get("error_code")]
    return " ".join(part for part in parts if part)


def _verify(arguments: argparse.Namespace) -> int:
    found = ledger.verify(*arguments.paths)
    if not (found.rows or found.faults or found.changed or found.expired):
        raise ConfigurationError(
            f"there are no rows in {', '.join(arguments.paths)}", code="invalid_argument"
        )
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.kinds.items()))
    print_row("rows", f"{found.rows} ({kinds})")
    print_row("files", f"{found.files}, {counted(found.writers, 'writer')}")
    print_row("in flight", state("in flight", found.in_flight).text)
    print_row("unknown", state("unknown", found.unknown).text)
    print_row("doubled", f"{counted(found.doubled, 'row')} read before, which count once")
    print_row("torn", state("torn", found.torn).text)
    print_row("lost", state("lost", found.lost).text)
    missing = sum(len(gap) for gaps in found.gaps.values() for gap in gaps)
    print_row("missing", f"{counted(missing, 'row')}, of {counted(len(found.gaps), 'writer')}")
    for writer, gaps in sorted(found.gaps.items()):
        for gap in gaps[:_MOST_FAULTS]:
            print_row("", f"writer {writer}: rows {gap.start} to {gap.stop - 1}")
    if found.manifests or found.changed:
        print_row(
            "manifests",
            f"{found.manifests}, {counted(len(found.changed), 'difference')} from what they say",
        )
    for text in found.changed[:_MOST_FAULTS]:
        print_row("", plain(text))
    if found.expired:
        print_row("expired", f"{counted(found.expired, 'row')} pruned")
    unreadable = len(found.faults) + sum(found.more_faults.values()) - found.torn
    print_row("unreadable", state("unreadable", unreadable).text)
    for path, number, fault in found.faults[:_MOST_FAULTS]:
        print_row("", plain(f"{path}:{number}: {fault.kind}: {fault.reason}"))
    return 0 if found.good else 1
