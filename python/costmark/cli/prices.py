"""``costmark prices``: the price book, what others publish beside it, and what AWS says today."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import _core
from .._files import write_whole
from .._prices import aws, lines, published, usage_types
from ..errors import ConfigurationError, ServiceError, TransportError
from ..prices import Price, PriceBook
from ..reports.formats import counted
from .output import complain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .output import Commands

_LARGEST = 256 << 20
_MOST_SHOWN = 20


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "prices",
        help="show, check, compare and make price books",
        description="A price book says what tokens cost, line by line with its source. Without a "
        "book of your own, the one that ships with costmark is meant.",
    )
    parser.set_defaults(run=lambda _: _usage(parser))
    inner = parser.add_subparsers(metavar="COMMAND")
    _add_show(inner)
    _add_check(inner)
    _add_diff(inner)
    _add_import(inner)
    _add_sync(inner)


def _usage(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return 2


def _add_show(commands: Commands) -> None:
    parser = commands.add_parser("show", help="print the prices of a book")
    parser.add_argument("book", nargs="?", help="its file (default: the shipped one)")
    parser.add_argument("--model", help="those of one model")
    parser.add_argument("--region", help="those of one Region, and of '*'")
    parser.add_argument("--text", action="store_true", help="print the book as a file")
    parser.set_defaults(run=_show)


def _add_check(commands: Commands) -> None:
    parser = commands.add_parser(
        "check", help="read a book and say whether it can be used, its hash and its age"
    )
    parser.add_argument("book", nargs="?", help="its file (default: the shipped one)")
    parser.set_defaults(run=_check)


def _add_diff(commands: Commands) -> None:
    parser = commands.add_parser("diff", help="print what differs between two books")
    parser.add_argument("before", help="the file of one book, or 'shipped'")
    parser.add_argument("after", help="the file of the other one, or 'shipped'")
    parser.add_argument(
        "--exit-code", action="store_true", help="exit with 3 where there are differences"
    )
    parser.set_defaults(run=_diff)


def _add_import(commands: Commands) -> None:
    parser = commands.add_parser(
        "import",
        help="make a book of a file that others publish",
        description="Reads prices and writes a book. What is not understood is listed. Where two "
        "prices disagree, both are printed and none is written: choose with --prefer.",
    )
    parser.add_argument("format", choices=sorted(_READERS), help="what the file is")
    parser.add_argument("file", help="the file; '-' for standard input")
    parser.add_argument("--region", help="where prices apply that name no Region")
    _add_output(parser)
    parser.set_defaults(run=_import)


def _add_sync(commands: Commands) -> None:
    parser = commands.add_parser(
        "sync",
        help="make a book of what the AWS Price List says now (needs costmark[aws])",
        description="Asks the AWS Price List for the prices on mantle, with the credentials that "
        "boto3 finds (pricing:GetProducts), and writes a book.",
    )
    parser.add_argument(
        "--region", action="append", required=True, help="a Region to ask for; may be repeated"
    )
    parser.add_argument("--endpoint-url", help="where the Price List is asked")
    _add_output(parser)
    parser.set_defaults(run=_sync)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--into", metavar="BOOK", help="a book to add the prices to")
    parser.add_argument("--output", "-o", metavar="FILE", help="where to write (default: stdout)")
    parser.add_argument(
        "--prefer",
        choices=("old", "new"),
        help="which of two prices to keep that disagree: that of --into, or the new one",
    )
    parser.add_argument("--aliases", metavar="FILE", help="aliases of usage types, asked first")
    parser.add_argument(
        "--as-of",
        default=_today().isoformat(),
        metavar="DATE",
        help="the day of the prices (default: today)",
    )


def _today() -> date:
    return datetime.now(timezone.utc).date()


def _book(name: str | None) -> PriceBook:
    return PriceBook.shipped() if name in (None, "shipped") else PriceBook.load(str(name))


# --- Reading ------------------------------------------------------------------------------------


def _show(arguments: argparse.Namespace) -> int:
    book = _book(arguments.book)
    if arguments.text:
        shipped = arguments.book in (None, "shipped")
        print(_core.shipped_prices() if shipped else book.canonical, end="")
        return 0
    prices = [
        price
        for price in book.lines
        if arguments.model in (None, price.model)
        and (arguments.region is None or price.region in (arguments.region, "*"))
    ]
    print(_heading(book))
    _print_table([_row(price) for price in prices])
    if not prices:
        complain("the book has no such price")
        return 1
    return 0


def _heading(book: PriceBook) -> str:
    text = f"{book.file}, {book.date}, {counted(len(book.lines), 'price')}, {book.hash}"
    if book.is_old(time.time()):
        days = int(time.time() // 86_400) - (book.date - date(1970, 1, 1)).days
        text += f"\nThis book is {days} days old; docs/prices.md says how to make one of today."
    return text


def _row(price: Price) -> tuple[str, ...]:
    kind = price.kind if price.time_to_live == "-" else f"{price.kind} {price.time_to_live}"
    return (
        price.model,
        price.region,
        price.serving,
        price.tier,
        kind,
        f"over {price.over}" if price.over else "",
        "USD " + lines.usd_text(price) if price.pico_usd is not None else "not known",
        f"{price.first_day or ''}..{price.end_day or ''}",
    )


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _check(arguments: argparse.Namespace) -> int:
    print(_heading(_book(arguments.book)))
    return 0


def _diff(arguments: argparse.Namespace) -> int:
    before, after = _book(arguments.before), _book(arguments.after)
    found = list(lines.differences(before.lines, after.lines))
    for difference in found:
        if difference.before is not None:
            print(f"- {difference.before.text}")
        if difference.after is not None:
            print(f"+ {difference.after.text}")
    return 3 if found and arguments.exit_code else 0


# --- Making -------------------------------------------------------------------------------------


def _import(arguments: argparse.Namespace) -> int:
    day = _day(arguments.as_of)
    try:
        found = _READERS[arguments.format](_text_of(arguments.file), arguments, day.isoformat())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{arguments.file} is not a {arguments.format} file: {type(error).__name__}: {error}"
        ) from error
    return _write(found, arguments, day)


def _text_of(name: str) -> str:
    try:
        if name == "-":
            return sys.stdin.read(_LARGEST)
        with open(name, encoding="utf-8-sig") as file:
            text = file.read(_LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name} cannot be read: {error}") from error
    if len(text) > _LARGEST:
        raise ConfigurationError(f"{name} has more than {_LARGEST} characters")
    return text


def _aliases(arguments: argparse.Namespace) -> usage_types.Aliases:
    shipped = usage_types.shipped_aliases()
    if arguments.aliases is None:
        return shipped
    own = usage_types.Aliases.parse(_text_of(arguments.aliases), arguments.aliases)
    return shipped.overridden_by(own)


_READERS: dict[str, Any] = {
    "aws": lambda text, given, day: aws.read_offer(text, given.file, day, _aliases(given)),
    "csv": lambda text, given, day: published.read_csv(text, given.region, day),
    "genai-prices": lambda text, given, day: published.read_genai(text, given.region, day),
    "litellm": lambda text, given, day: published.read_litellm(text, given.region, day),
}


def _sync(arguments: argparse.Namespace) -> int:
    try:
        import boto3  # type: ignore[import-untyped,unused-ignore]
        from botocore.exceptions import (  # type: ignore[import-untyped,unused-ignore]
            BotoCoreError,
            ClientError,
        )
    except ImportError:
        raise ConfigurationError(
            "`costmark prices sync` needs boto3: pip install costmark[aws]"
        ) from None
    day = _day(arguments.as_of)
    aliases = _aliases(arguments)
    try:
        client = boto3.client(
            "pricing", region_name="us-east-1", endpoint_url=arguments.endpoint_url
        )
        products = list(aws.fetch_products(client, arguments.region))
    except ClientError as error:
        raise ServiceError(f"the AWS Price List: {error}") from error
    except BotoCoreError as error:
        raise TransportError(f"the AWS Price List: {error}") from error
    source = f"AWS Price List, asked {day}"
    return _write(aws.read_products(products, source, day.isoformat(), aliases), arguments, day)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"--as-of takes a day such as 2026-09-30, not {text!r}") from None


def _write(found: lines.Found, arguments: argparse.Namespace, day: date) -> int:
    """Tell what was found, and write the book unless prices disagree."""
    for where, why in found.not_understood:
        complain(f"not understood: {where}: {why}")
    for why, count in found.left_out.items():
        complain(f"left out: {why}: {count:,}")
    old = list(_book(arguments.into).lines) if arguments.into else []
    prices, conflicts = _joined(old, found.prices, arguments.prefer)
    for conflict in conflicts:
        complain(f"conflict:\n  {conflict.first.text}\n  {conflict.second.text}")
    if conflicts:
        complain(
            f"{counted(len(conflicts), 'conflict')}, so nothing is written; choose with --prefer"
        )
        return 1
    if not found.prices:
        complain("no price was found, so nothing is written")
        return 1
    book = PriceBook.parse(lines.book_text(prices, day), arguments.output or "the new book")
    text = f"date {day.isoformat()}\n\n" + book.canonical.partition("\n")[2]
    if arguments.output:
        write_whole(Path(arguments.output), text)
        complain(f"{arguments.output}: {counted(len(book.lines), 'price')}, {book.hash}")
    else:
        print(text, end="")
    return 0


def _joined(
    old: list[Price], new: list[Price], prefer: str | None
) -> tuple[list[Price], list[lines.Conflict]]:
    if prefer is None or not old:
        return lines.merge([*old, *new])
    alone, conflicts = lines.merge(new)
    if conflicts:
        return alone, conflicts
    if prefer == "new":
        return lines.merge([*alone, *_without(old, alone)])
    # Those of '*' are kept as well: a Region's own would stand before all of them.
    return lines.merge([*old, *_without(alone, [*old, *lines.shadows(old, alone)])])


def _without(prices: Iterable[Price], kept: list[Price]) -> list[Price]:
    """Cut out of prices the days for which there are others."""
    result = []
    for price in prices:
        pieces = [price]
        for other in kept:
            if other.model == price.model:
                pieces = [rest for piece in pieces for rest in _rest_of(piece, other)]
        result += pieces
    return result


def _rest_of(price: Price, other: Price) -> list[Price]:
    if not lines.clash(price, other):
        return [price]
    pieces = []
    if other.first_day and (price.first_day or date.min) < other.first_day:
        pieces.append(replace(price, end_day=other.first_day))
    if other.end_day and other.end_day < (price.end_day or date.max):
        pieces.append(replace(price, first_day=other.end_day))
    return pieces
