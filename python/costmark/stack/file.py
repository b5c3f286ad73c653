"""Reading ``costmark.toml``; everything that is wrong is told with its line and column."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from ..errors import ConfigurationError
from .model import IDENTITY_TAG, MOST_TAGS, RESERVED_STACK, Entry, Stack, Target
from .positions import Path, positions

__all__ = ["NAME", "parse", "parse_stack", "read_options", "read_stack"]

NAME = "costmark.toml"
PLANES = ("mantle", "bedrock")

_STACK = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TAG_TEXT = re.compile(r"[A-Za-z0-9 _.:/=+@-]*")  # what both planes take
_MOST_NAME = 127
_MOST_KEY = 128
_MOST_VALUE = 256

_TOP = (
    "stack",
    "plane",
    "ignore_tags",
    "tag_policy",
    "projects",
    "targets",
    "options",
    "rules",
    "budgets",
)
_ENTRY = ("tags", "renamed_from", "managed", "id")
_ROLE_ARN = r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\x21-\x7e]+"
_TARGET = ("account", "regions", "plane", "profile", "role_arn", "external_id")


def read_stack(path: pathlib.Path) -> Stack:
    """The stack of a file. Raises ConfigurationError."""
    return parse_stack(_text_of(path), str(path))


def parse_stack(text: str, file: str) -> Stack:
    """The stack that the text of a file says. Raises ConfigurationError."""
    return _Reader(file, text).stack()


def read_options(path: pathlib.Path) -> dict[str, str]:
    """The tables ``options``, ``rules`` and ``budgets`` of a file, as client options.

    Raises ConfigurationError.
    """
    return _Reader(str(path), _text_of(path)).options()


def _text_of(path: pathlib.Path) -> str:
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # a pipe would be waited for
            raise ConfigurationError(f"{path}: not a file")
        return path.read_bytes().decode(
            "utf-8-sig"
        )  # Windows editors write a mark at the beginning
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no {path}; it says which projects there should be, see "
            "docs/projects-as-code.md"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 at byte {error.start}") from None


def parse(text: str, file: str) -> Any:
    """The document, as tomlkit has it. Raises ConfigurationError."""
    try:
        import tomlkit
        from tomlkit.exceptions import TOMLKitError
    except ImportError:
        raise ConfigurationError(
            "projects as code need tomlkit; install costmark[projects]", code="unsupported"
        ) from None
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ConfigurationError(_syntax_error(text, file, error)) from None


def _syntax_error(text: str, file: str, error: Exception) -> str:
    message = re.sub(r" at line \d+ col \d+$", "", str(error))
    line, column = getattr(error, "line", None), getattr(error, "col", None)
    if message.endswith(repr("\0")):  # tomlkit's sign for the end, which it does not count
        message = "Unexpected end of the file"
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n") - 1
    # tomlkit counts lines from 1 and columns from 0.
    return f"{file}:{line}:{column + 1}: {message}" if column is not None else f"{file}: {message}"


class _Reader:
    """One document, and where its parts are."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._document: dict[str, Any] = parse(text, file).unwrap()
        self._positions = positions(text)

    def stack(self) -> Stack:
        top = self._document
        self._check_members(top, (), _TOP)
        if "stack" not in top:
            self._refuse((), "there is no 'stack', which names what this file manages")
        name = self._text(top["stack"], ("stack",))
        if not _STACK.fullmatch(name):
            self._refuse(("stack",), "a stack has 1 to 64 letters, digits, '.', '_' and '-'")
        if name == RESERVED_STACK:
            self._refuse(
                ("stack",), f"{RESERVED_STACK!r} is what experiments are named; take another"
            )
        ignored = self._texts(top.get("ignore_tags", []), ("ignore_tags",))
        stack = Stack(
            name=name,
            targets=self._targets(),
            plane=self._plane(top.get("plane", PLANES[0]), ("plane",)),
            ignore_tags=ignored,
        )
        entries = self._entries(stack)
        return Stack(**{**vars(stack), "entries": entries})

    def options(self) -> dict[str, str]:
        from .. import _core

        table = self._table(self._document.get("options", {}), ("options",))
        known = {option["name"]: option for option in _core.options()}
        for name in table:
            path = ("options", name)
            if name not in known:
                self._refuse(path, f"there is no option {name!r}{_advice(name, known)}")
            if known[name]["type"] == "secret":
                self._refuse(path, f"{name!r} is a secret, which does not belong into a file")
        found = {name: self._option(value, ("options", name)) for name, value in table.items()}
        for name in ("rules", "budgets"):
            if name in self._document:
                found[name] = self._listed(name, found)
        return found

    def _listed(self, name: str, options: Mapping[str, str]) -> str:
        """A table of texts as the option of its name has it: ``KEY: TEXT; KEY: TEXT``."""
        if name in options:
            self._refuse((name,), f"{name!r} is among the options, too; keep one of the two")
        table = self._table(self._document[name], (name,))
        for key, value in table.items():
            if ";" in self._text(value, (name, key)) + key or ":" in key:
                self._refuse((name, key), "';' and ':' stand between the parts of this option")
        return "; ".join(f"{key}: {value}" for key, value in table.items())

    def _option(self, value: Any, path: Path) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list):
            return ",".join(self._texts(value, path))
        if not isinstance(value, (str, int)):
            self._refuse(path, "an option is a text, a number, a truth value or an array of texts")
        return str(value)

    # --- Projects ---------------------------------------------------------------------------

    def _entries(self, stack: Stack) -> tuple[Entry, ...]:
        table = self._table(self._document.get("projects", {}), ("projects",))
        entries = tuple(self._entry(name, value, stack) for name, value in table.items())
        self._check_renames(entries)
        self._check_tag_policy(entries)
        return entries

    def _entry(self, name: str, value: Any, stack: Stack) -> Entry:
        path = ("projects", name)
        table = self._table(value, path)
        self._check_members(table, path, _ENTRY)
        self._check_name(name, path)
        managed = self._text(table.get("managed", "costmark"), (*path, "managed"))
        if managed not in ("costmark", "external"):
            self._refuse((*path, "managed"), f"{managed!r}: expected 'costmark' or 'external'")
        is_external = managed == "external"
        if "id" in table and not is_external:
            self._refuse(
                (*path, "id"), 'an id is for what is managed = "external"; the tag finds others'
            )
        renamed_from = table.get("renamed_from")
        if renamed_from is not None:
            if is_external:
                self._refuse((*path, "renamed_from"), "what is external is not renamed here")
            renamed_from = self._text(renamed_from, (*path, "renamed_from"))
        return Entry(
            name=name,
            tags=self._tags(table.get("tags", {}), (*path, "tags"), stack),
            renamed_from=renamed_from,
            is_external=is_external,
            id=self._text(table["id"], (*path, "id")) if "id" in table else None,
        )

    def _check_name(self, name: str, path: Path) -> None:
        if not name.strip():
            self._refuse(path, "a project's name has a character that is no white space")
        if len(name) > _MOST_NAME:
            self._refuse(path, f"a project's name has {len(name)} characters; at most {_MOST_NAME}")
        if not _TAG_TEXT.fullmatch(name):
            self._refuse(
                path,
                f"the name {name!r} is part of a tag, too: it may have letters, digits, spaces and "
                "any of _ . : / = + - @",
            )

    def _tags(self, value: Any, path: Path, stack: Stack) -> dict[str, str]:
        tags = self._table(value, path)
        for key, text in tags.items():
            at = (*path, key)
            self._check_tag_key(key, at, stack)
            self._text(text, at)
            if len(text) > _MOST_VALUE:
                self._refuse(at, f"a tag's value has {len(text)} characters; at most {_MOST_VALUE}")
            if not _TAG_TEXT.fullmatch(text):
                self._refuse(at, _characters("value", text))
        if len(tags) >= MOST_TAGS:
            self._refuse(
                path,
                f"{len(tags)} tags; a project has at most {MOST_TAGS}, of which "
                f"{IDENTITY_TAG!r} is one",
            )
        return tags

    def _check_tag_key(self, key: str, at: Path, stack: Stack) -> None:
        if key == IDENTITY_TAG:
            self._refuse(at, f"the tag {IDENTITY_TAG!r} is reserved: costmark sets it")
        if key.lower().startswith("aws:"):
            self._refuse(at, f"the tag {key!r}: keys that begin with 'aws:' are AWS's own")
        if not 1 <= len(key) <= _MOST_KEY:
            self._refuse(at, f"a tag's key has {len(key)} characters; expected 1 to {_MOST_KEY}")
        if not _TAG_TEXT.fullmatch(key):
            self._refuse(at, _characters("key", key))
        if stack.ignores(key):
            self._refuse(at, f"the tag {key!r} is among ignore_tags, so it would never be set")

    def _check_renames(self, entries: tuple[Entry, ...]) -> None:
        names = {entry.name for entry in entries}
        sources: set[str] = set()
        for entry in entries:
            old = entry.renamed_from
            if old is None:
                continue
            path = ("projects", entry.name, "renamed_from")
            if old in names:
                self._refuse(path, f"{old!r} is still in the file; remove one of the two")
            if old in sources:
                self._refuse(path, f"{old!r} is renamed twice")
            sources.add(old)

    def _check_tag_policy(self, entries: tuple[Entry, ...]) -> None:
        path: Path = ("tag_policy",)
        policy = self._table(self._document.get("tag_policy", {}), path)
        self._check_members(policy, path, ("required", "allowed"))
        required = self._texts(policy.get("required", []), (*path, "required"))
        given = self._table(policy.get("allowed", {}), (*path, "allowed"))
        allowed = {
            key: self._texts(values, (*path, "allowed", key)) for key, values in given.items()
        }
        for entry in entries:
            at = ("projects", entry.name)
            missing = [key for key in required if key not in entry.tags]
            if missing and not entry.is_external:
                names = ", ".join(missing)
                self._refuse(at, f"{entry.name!r} lacks {names}, which tag_policy requires")
            for key, value in entry.tags.items():
                if value not in allowed.get(key, (value,)):
                    values = ", ".join(allowed[key])
                    self._refuse(
                        (*at, "tags", key), f"{key} is {value!r}; tag_policy allows {values}"
                    )

    # --- Targets ----------------------------------------------------------------------------

    def _targets(self) -> tuple[Target, ...]:
        table = self._table(self._document.get("targets", {}), ("targets",))
        return tuple(self._target(name, value) for name, value in table.items())

    def _target(self, name: str, value: Any) -> Target:
        path = ("targets", name)
        table = self._table(value, path)
        self._check_members(table, path, _TARGET)
        if name == "all":
            self._refuse(path, "'all' stands for every target; take another name")
        texts = {
            key: self._text(table[key], (*path, key))
            for key in ("account", "profile", "role_arn", "external_id")
            if key in table
        }
        account = texts.get("account", "0" * 12)
        if not (re.fullmatch(r"[0-9]{12}", account)):
            self._refuse((*path, "account"), f"{account!r}: expected 12 digits, as a text")
        role = texts.get("role_arn")
        if role is not None and not re.fullmatch(_ROLE_ARN, role):
            self._refuse(
                (*path, "role_arn"),
                f"{role!r} is no ARN of a role, such as arn:aws:iam::111122223333:role/NAME",
            )
        if "external_id" in texts and "role_arn" not in texts:
            self._refuse((*path, "external_id"), "an external id is for a role: give role_arn")
        regions = self._texts(table.get("regions", []), (*path, "regions"))
        for number, region in enumerate(regions):
            if not re.fullmatch(r"[a-z0-9-]+", region):
                self._refuse((*path, "regions", number), f"{region!r} is not a Region")
            if region in regions[:number]:
                self._refuse((*path, "regions", number), f"{region} is there twice")
        plane = self._plane(table["plane"], (*path, "plane")) if "plane" in table else None
        return Target(name=name, regions=regions, plane=plane, **texts)

    def _plane(self, value: Any, path: Path) -> str:
        if value not in PLANES:
            self._refuse(path, f"{value!r}: expected {' or '.join(map(repr, PLANES))}")
        return str(value)

    # --- Kinds of values --------------------------------------------------------------------

    def _table(self, value: Any, path: Path) -> dict[str, Any]:
        table: dict[str, Any] = self._of_kind(value, path, dict, "a table")
        return table

    def _text(self, value: Any, path: Path) -> str:
        text: str = self._of_kind(value, path, str, "a text")
        return text

    def _texts(self, value: Any, path: Path) -> tuple[str, ...]:
        values = self._of_kind(value, path, list, "an array of texts")
        return tuple(self._text(each, (*path, at)) for at, each in enumerate(values))

    def _of_kind(self, value: Any, path: Path, kind: type, name: str) -> Any:
        if not isinstance(value, kind):
            self._refuse(path, f"{path[-1]!r} must be {name}")
        return value

    def _check_members(self, table: Mapping[str, Any], path: Path, known: tuple[str, ...]) -> None:
        for name in table:
            if name not in known:
                self._refuse((*path, name), f"unknown {name!r}{_advice(name, known)}")

    def _refuse(self, path: Path, message: str) -> NoReturn:
        """Raise, with the place of the path or of what is around it."""
        while path and path not in self._positions:
            path = path[:-1]
        line, column = self._positions.get(path, (1, 1))
        raise ConfigurationError(f"{self._file}:{line}:{column}: {message}")


def _characters(what: str, text: str) -> str:
    allowed = "letters, digits, spaces and any of _ . : / = + - @"
    return f"a tag's {what} may have {allowed}, unlike {text!r}"


def _advice(name: str, known: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else f"; expected one of {', '.join(known)}"
