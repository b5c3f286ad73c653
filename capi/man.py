"""Writes the manual page costmark(3) from costmark.h and its parts. Usage: man.py HEADER PAGE

The page says nothing that the headers do not say: the first comment of costmark.h becomes
DESCRIPTION and RULES, each section of it, of the parts that it includes, and of testing.h beside it
a section. The date is that of SOURCE_DATE_EPOCH, or else the header's.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

WIDTH = 78
MODIFIERS = re.compile(r"\b(COSTMARK_EXPORT|COSTMARK_MUST_USE|COSTMARK_NOEXCEPT)\b\s*")
NAME = re.compile(r"\b(costmark_[a-z0-9_]+(?=\(\))|COSTMARK_[A-Z0-9_]+(?:\.\.\.)?)")
# "name, other: what it is", with what follows indented; after a status it need not be.
WORD = r"(?:[a-z_]\w*|COSTMARK_[A-Z_]+)"
DEFINITION = re.compile(rf"({WORD}(?:, {WORD})*): (?=\S)")
LINES = str.maketrans("─│└┘▲▼◄►", "-|++^v<>")
PARAMETER = re.compile(r"(.*?)(\w+)$")


@dataclass
class Entry:
    """A comment and the declarations that it is about."""

    comment: list[str]
    declarations: list[str] = field(default_factory=list)


@dataclass
class Section:
    """A part of the header, from one line of dashes to the next."""

    title: str
    comment: list[str]
    entries: list[Entry] = field(default_factory=list)


# --- Reading ------------------------------------------------------------------------------------


def understood(match: re.Match[str] | None, text: str) -> re.Match[str]:
    """The match that there must be."""
    if match is None:
        raise ValueError(f"not understood: {text}")
    return match


def uncomment(text: str) -> list[str]:
    """The lines inside /* ... */, without what stands before their text."""
    inner = text.strip().removeprefix("/*").removesuffix("*/")
    lines = [re.sub(r"^\s*\*( |$)", "", line).rstrip() for line in inner.split("\n")]
    lines[0] = lines[0].removeprefix(" ")
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """The header as comments, directives and declarations."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        if text.startswith("/*", at):
            kind, end = "comment", text.index("*/", at) + 2
        elif text.startswith("//", at):
            kind, end = "skipped", text.index("\n", at)
        elif text[at] == "#":
            kind, end = "directive", re.compile(r"(?<!\\)\n").search(text, at).end()  # type: ignore[union-attr]
        else:
            kind, end = "declaration", end_of_declaration(text, at)
        yield kind, text[at:end]
        at = end


def end_of_declaration(text: str, at: int) -> int:
    """Where the declaration that begins at `at` has its last semicolon, or its body its end."""
    depth, start = 0, at
    while True:
        if text.startswith("/*", at):
            at = text.index("*/", at) + 2
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
        inline = text[at - 1] == "}" and text.startswith("static inline", start)
        if depth == 0 and (text[at - 1] == ";" or inline):
            return at


def first_page(text: str) -> list[str]:
    """What the header begins with."""
    _, first = next(tokens(text))
    return uncomment(first)


def sections_of(text: str) -> list[Section]:
    """The sections of one header, as far as its end of extern "C"."""
    sections: list[Section] = []
    comment: list[str] | None = None
    for kind, token in tokens(text[text.index("/* ---") :]):
        if kind == "comment" and token.startswith("/* ---"):
            title, *rest = uncomment(token.partition("\n")[2])
            sections.append(Section(title, rest))
            comment = None
        elif kind == "comment":
            comment = uncomment(token)
        elif kind == "declaration" or token.startswith("#define "):
            entries = sections[-1].entries
            if comment is not None or not entries:
                entries.append(Entry(comment or []))
            entries[-1].declarations.append(token)
            comment = None
        elif kind == "directive":
            return sections  # the end of extern "C"
    raise ValueError('the header has no end of extern "C"')


# --- Writing ------------------------------------------------------------------------------------


def escape(text: str) -> str:
    """Text whose backslashes are no requests."""
    return text.replace("\\", "\\e")


def literal(text: str) -> str:
    """Text to be copied: its minus signs are not hyphens, and lines are drawn with ASCII."""
    return escape(text.translate(LINES)).replace("-", "\\-")


def guard(line: str) -> str:
    """A line that begins with no request."""
    return "\\&" + line if line.startswith((".", "'")) else line


def unbroken(text: str) -> str:
    """Keeps the names in a text from being hyphenated."""
    return re.sub(r'(?<![\w`"(])(?=[`"(]*[A-Za-z]+_)', r"\\%", text)


def prose(lines: Iterable[str]) -> Iterator[str]:
    """Lines of text that is filled: one sentence begins a line, and none is long."""
    text = escape(" ".join(line.strip() for line in lines))
    text = re.sub(r'"[^"]*"', lambda found: found[0].replace("-", "\\-"), text)
    # Breaks a line neither inside of a name nor of a quotation; begins one with every sentence.
    for sentence in re.split(r'(?<=[a-z0-9)"`A-Z][.!?]) +(?=\S)', text):
        marked = NAME.sub(r"\\fB\1\\fP", unbroken(sentence))
        for line in textwrap.wrap(marked, WIDTH, break_long_words=False, break_on_hyphens=False):
            yield guard(line)


def code(lines: Iterable[str]) -> Iterator[str]:
    """Lines that stay as they are."""
    yield ".EX"
    for line in lines:
        yield guard(literal(line)) or "\\&"
    yield ".EE"


def tagged(tag: str, text: Iterable[str]) -> Iterator[str]:
    """A name and what it is."""
    yield ".TP"
    yield tag
    yield from prose(text) if any(text) else ["\\&"]


def paragraphs(lines: list[str]) -> Iterator[list[str]]:
    """Lines between lines that are empty."""
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            paragraph.append(line)
        elif paragraph:
            yield paragraph
            paragraph = []


def blocks(
    lines: list[str], begins: re.Pattern[str]
) -> Iterator[tuple[re.Match[str] | None, list[str]]]:
    """Lines in runs: each begins at a line that matches; more indented lines belong to it."""
    run: list[str] = []
    match: re.Match[str] | None = None
    for line in lines:
        found = begins.match(line)
        open_end = match is None or line.startswith(" ") or run[0].startswith("COSTMARK_")
        if found or not open_end:
            if run:
                yield match, run
            run, match = [], found
        run.append(line)
    if run:
        yield match, run


ITEM = re.compile(r"(?: ?(?P<number>\d+)\. |(?P<bullet>- ))")
BEGINS = re.compile(f"(?:{ITEM.pattern}|{DEFINITION.pattern})")


def running_text(lines: list[str]) -> Iterator[str]:
    """A comment's text: paragraphs, lists, definitions and programs."""
    program: list[str] = []
    in_rule = False
    for paragraph in paragraphs(lines):
        if all(line.startswith("    ") for line in paragraph) and not in_rule:
            program += [*([""] if program else []), *(line[4:] for line in paragraph)]
            continue
        if program:
            yield from [".PP", *code(program)]
            program = []
        for match, run in blocks(paragraph, BEGINS):
            if match is None:
                yield ".PP"
                yield from prose(run)
            elif match["number"] or match["bullet"]:
                in_rule = in_rule or bool(match["number"])
                yield f".IP {match['number']}. 4" if match["number"] else ".IP \\(bu 2"
                yield from prose([run[0][match.end() :], *run[1:]])
            else:
                names = re.sub(WORD, lambda n: f"\\fI\\%{literal(n[0])}\\fP", match[0])
                yield from tagged(names.rstrip(": "), [run[0][match.end() :], *run[1:]])
    if program:
        yield from [".PP", *code(program)]


def function(declaration: str) -> Iterator[str]:
    """The prototype of a function: bold, its parameters in italics."""
    text = " ".join(MODIFIERS.sub("", declaration).split()).replace("( ", "(")
    match = understood(re.fullmatch(r"(.*?)\((.*)\) ?;", text), text)
    head, parameters = match[1] + "(", match[2].split(", ")
    pieces = [f"\\fB{literal(head)}\\fP"]
    for n, parameter in enumerate(parameters):
        found = understood(PARAMETER.fullmatch(parameter), parameter)
        mark = ", " if n + 1 < len(parameters) else ");"
        if found[1]:
            pieces.append(f"\\fB{literal(found[1])}\\fP\\fI{found[2]}\\fP\\fB{mark}\\fP")
        else:
            pieces.append(f"\\fB{found[2]}{mark}\\fP")
    yield from broken(pieces)


def broken(pieces: list[str]) -> Iterator[str]:
    """Pieces of a declaration in lines that fit, those after the first indented."""
    line, width = "", 0
    for piece in pieces:
        size = len(re.sub(r"\\f.|\\(?=-)|\\%", "", piece))
        if line and width + size > WIDTH - 10:
            yield re.sub(r" (\\fP)?$", r"\1", line)
            yield ".br"
            line, width = "\\ \\ \\ \\ ", 4
        line += piece
        width += size
    yield line


def members(body: str) -> Iterator[str]:
    """The fields of a struct, or the values of an enumeration, with their comments."""
    note = r"(?:[ \t]*(?P<note>/\*.*?\*/|(?=\n)|$))?"
    pattern = re.compile(
        rf"\s*(?:(?P<alone>/\*.*?\*/)(?=\s*\n)|(?P<what>[^;,/]+)[;,]?{note})", re.DOTALL
    )
    at, body = 0, body.rstrip()
    while at < len(body):
        match = understood(pattern.match(body, at), body[at:])
        if match["alone"]:
            yield ".PP"
            yield from prose(uncomment(match["alone"]))
        elif match["what"].strip():
            what = " ".join(match["what"].split())
            yield from tagged(f"\\fB{literal(what)}\\fP", uncomment(match["note"] or ""))
        at = match.end()


def head_of(text: str) -> Iterator[str]:
    """What a declaration declares, as far as its first brace."""
    yield ".PP"
    if text.startswith("#define "):
        name, _, value = text.removeprefix("#define ").partition(" ")
        yield from prose([name if "{" in value or "(" in name else f"{name} {value.strip()}"])
    elif text.startswith("static inline"):
        yield from function(text.partition("{")[0].removeprefix("static inline ") + ";")
    elif "{" in text:
        head = text.partition("{")[0].strip().removeprefix("typedef ")
        yield f"\\fB{'Values' if head == 'enum' else literal(head)}\\fP:"
    elif "(" in text and "(*" not in text:
        yield from function(text)
    else:
        yield from pointer(text)


def body_of(text: str) -> Iterator[str]:
    """What stands between its braces, if it has any."""
    if "{" in text and not text.startswith(("#define ", "static inline")):
        yield ".RS 4"
        yield from members(text[text.index("{") + 1 : text.rindex("}")])
        yield ".RE"


def pointer(text: str) -> Iterator[str]:
    """A typedef that is no struct: of a number, a handle or a callback."""
    flat = " ".join(text.split())
    yield from broken([f"\\fB{unbroken(literal(part))}\\fP" for part in re.split(r"(?<=, )", flat)])


def entry(item: Entry) -> Iterator[str]:
    """What is declared, what is said about it, and then the parts of it."""
    rest = list(item.declarations)
    first = rest.pop(0)
    yield from head_of(first)
    while rest and "{" not in first and "{" not in rest[0]:
        yield from head_of(rest.pop(0))
    if item.comment:
        yield ".RS 4"
        yield from running_text(item.comment)
        yield ".RE"
    yield from body_of(first)
    for text in rest:
        yield from head_of(text)
        yield from body_of(text)


def split_first_page(lines: list[str]) -> tuple[str, list[str], list[str]]:
    """What costmark is in one line, the description, the rules."""
    rules = lines.index("The rules")
    name, colon, what = lines[0].partition(": ")
    if name != "costmark" or not colon:
        raise ValueError(f"the first line of the header says no name: {lines[0]}")
    return what.rstrip("."), lines[1:rules], lines[rules + 1 :]


def page(header: str, parts: list[str], date: str) -> Iterator[str]:
    """All lines of the page."""
    version = ".".join(
        re.findall(r"^#define COSTMARK_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", header, re.M)
    )
    sections = [section for text in [header, *parts] for section in sections_of(text)]
    what, description, rules = split_first_page(first_page(header))
    yield '.\\" Made from costmark.h and its parts by man.py.'
    yield f'.TH COSTMARK 3 "{date}" "costmark {version}"'
    yield from [".SH NAME", f"costmark \\- {what}"]
    yield from [".SH SYNOPSIS", ".nf", "\\fB#include <costmark/costmark.h>\\fP", ".fi"]
    yield from [
        ".PP",
        "\\fBcc\\fP \\fIfile\\fP\\fB.c $(pkg\\-config \\-\\-cflags \\-\\-libs costmark)\\fP",
    ]
    yield ".SH DESCRIPTION"
    yield from running_text(description)
    yield ".SH RULES"
    yield from running_text(rules)
    for section in sections:
        yield f".SH {section.title.upper()}"
        yield from running_text(section.comment)
        for item in section.entries:
            yield from entry(item)
    yield from [".SH SEE ALSO", ".BR curl (1),", ".BR pkg-config (1),", ".BR libcurl (3)"]


def tidy(lines: Iterable[str]) -> Iterator[str]:
    """Without paragraphs that are empty or that a heading begins anyway."""
    before = ""
    for line in lines:
        if line == ".PP" and before.startswith((".SH", ".PP")):
            continue
        yield line
        before = line


def main(header: Path, out: Path) -> None:
    """Makes the page, or nothing."""
    text = header.read_text(encoding="utf-8")
    names = [*re.findall(r"^#include <costmark/(\w+\.h)>$", text, re.M), "testing.h"]
    parts = [(header.parent / name).read_text(encoding="utf-8") for name in names]
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or header.stat().st_mtime)
    date = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d")
    lines = tidy(page(text, parts, date))
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
