"""HTML that cannot be broken out of: every text is escaped, unless it is markup made here."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from .palette import variables

if TYPE_CHECKING:
    from collections.abc import Iterable

# Elements without an end tag.
_EMPTY = {"meta", "link", "input", "br", "hr", "col"}


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def element(name: str, /, *content: str, **attributes: str | bool | None) -> Markup:
    """An element; ``class_`` is the attribute ``class``, ``data_n`` is ``data-n``."""
    given = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(content)}</{name}>")


def join(parts: Iterable[str]) -> Markup:
    """The parts one after the other; what is no markup is escaped."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in parts))


def text(value: str) -> Markup:
    """A text of a user as HTML has it; what cannot be seen is spelled out."""
    return Markup(escape(visible(value), quote=True))


def visible(value: str) -> str:
    """The text with control characters, and those that turn its direction, spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)


def document(title: str, *body: str, scripted: bool = False) -> str:
    """A page that loads nothing: its style and its script are in it, by their hashes."""
    style = variables() + _part("page.css")
    script = _part("table.js") if scripted else ""
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash_of(style)}'",
            f"script-src '{_hash_of(script)}'" if script else "script-src 'none'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content="costmark"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        element("style", Markup(style)),
    )
    parts = [*body, *([element("script", Markup(script))] if script else [])]
    return f"<!doctype html>\n{element('html', head, element('body', *parts), lang='en')}\n"


def _part(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _hash_of(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
