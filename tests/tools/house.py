"""The arrows between the rooms of the house: which may include which, and what from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What each room may include besides itself. The ground is what every room stands on: errors,
# the parts of a request, the environment as a value.
ARROWS: dict[str, frozenset[str]] = {
    "ground": frozenset(),
    "options": frozenset({"ground"}),
    "crypto": frozenset({"ground"}),
    "json": frozenset({"ground"}),
    "http": frozenset({"ground"}),
    "net": frozenset({"ground", "http"}),
    "credentials": frozenset({"ground", "crypto", "http", "json", "net", "signing"}),
    "signing": frozenset({"ground", "crypto"}),
    "attribution": frozenset({"ground", "json"}),
    "usage": frozenset({"ground", "http", "json"}),
    "projects": frozenset({"ground", "credentials", "http", "json", "net", "signing"}),
    "client": frozenset(
        {"ground", "options", "crypto", "json", "http", "net", "credentials", "signing"}
        | {"attribution", "usage", "projects"}
    ),
}
ARROWS["capi"] = ARROWS["python"] = ARROWS["client"] | {"client"}

# Files directly under core/src and core/include/costmark that are not the client's.
GROUND = frozenset(
    {
        "api",
        "cleanse",
        "credentials",
        "environment",
        "error",
        "file",
        "fork",
        "http",
        "jitter",
        "text",
        "timestamp",
        "url",
    }
)
OPTIONS = frozenset({"option_table", "options"})
SIGNING = frozenset({"bearer_token"})
ATTRIBUTION = frozenset({"model_routes"})
CREDENTIALS = frozenset({"bearer_token_cache", "credentials_cache", "credentials_provider"})

# Which files may include which library. A pattern is matched from the start of the path.
LIBRARIES = {
    "simdjson": re.compile(r"core/src/json/"),
    "openssl": re.compile(r"core/src/crypto/"),
    "curl": re.compile(r"core/src/net/"),
    "pybind11": re.compile(r"python/src/"),
    "Python": re.compile(r"python/src/"),
}

# Pure rooms are handed the clock, the environment and every byte that they work on.
PURE = frozenset({"json", "http", "signing", "attribution", "usage"})
IMPURE_HEADERS = re.compile(
    r"(fstream|iostream|filesystem|random|thread|unistd\.h|fcntl\.h|(sys|netinet|arpa)/.*)$"
)
IMPURE_CALLS = re.compile(
    r"\b(getenv|secure_getenv|system_clock|steady_clock|clock_gettime|gettimeofday|fopen|"
    r"std::time\b|::time\s*\()"
)

SOURCES = (".c", ".cpp", ".h", ".hpp")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')


@dataclass(frozen=True)
class Include:
    """One include directive: the file and line that it stands on, and what it names."""

    file: Path
    line: int
    name: str
    quoted: bool


def source_files(root: Path) -> list[Path]:
    """The sources of the house, without its tests, examples and packages for other languages."""
    folders = (root / "core", root / "capi", root / "python" / "src")
    return sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in SOURCES and not {"examples", "go"} & set(path.parts)
    )


def includes(file: Path) -> Iterator[Include]:
    """The include directives of a file, in order."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if match := INCLUDE.match(line):
            yield Include(file, number, match[1] or match[2], quoted=match[2] is not None)


def resolve(root: Path, include: Include) -> Path | None:
    """The file of the house that a directive names, if it names one."""
    folders = (
        include.file.parent,
        root / "core" / "include",
        root / "core" / "src",
        root / "capi" / "include",
        root / "capi" / "src",
        root / "python" / "src",
        root / "tests",
    )
    return next((p for folder in folders if (p := folder / include.name).is_file()), None)


def room_of(root: Path, file: Path) -> str:
    """The room that a file belongs to."""
    match file.resolve().relative_to(root.resolve()).parts:
        case ("core", "src", room, _, *_):
            return room
        case ("core", "src", name) | ("core", "include", "costmark", name):
            stem = name.partition(".")[0]
            if stem in GROUND:
                return "ground"
            if stem in OPTIONS:
                return "options"
            if stem in SIGNING:
                return "signing"
            if stem in ATTRIBUTION:
                return "attribution"
            if stem in CREDENTIALS:
                return "credentials"
            return stem if stem in ARROWS else "client"
        case (top, *_):
            return top
    raise ValueError(f"{file} is in no room")


def is_public(root: Path, file: Path) -> bool:
    """Whether a file is one of the headers that users of the core or of the C ABI see."""
    public = (root / "core" / "include", root / "capi" / "include")
    return any(file.is_relative_to(folder) for folder in public)


def violations(root: Path = ROOT) -> list[str]:
    """Every include that points against the arrows, and every impure call in a pure room."""
    found: list[str] = []
    for file in source_files(root):
        room = room_of(root, file)
        path = file.relative_to(root).as_posix()
        if room not in ARROWS:
            found.append(f"{path}: the house has no room {room}")
            continue
        for include in includes(file):
            found += (f"{path}:{include.line}: {fault}" for fault in _faults(root, room, include))
        if room in PURE:
            found += _impure_calls(path, file)
    return found


def _faults(root: Path, room: str, include: Include) -> Iterator[str]:
    target = resolve(root, include)
    if target is not None:
        other = room_of(root, target)
        if other not in ARROWS[room] | {room}:
            yield f"{room} may not include {include.name}, which is {other}'s"
        if room in {"capi", "python"} and other != room and not is_public(root, target):
            yield f"{room} may include public headers of core only, not {include.name}"
        return
    if include.quoted:
        yield f"{include.name} is not in the house"
        return
    library = include.name.partition("/")[0].partition(".")[0]
    path = include.file.relative_to(root).as_posix()
    if is_public(root, include.file):
        if library in LIBRARIES or "/" in include.name:
            yield f"a public header may include the standard library only, not <{include.name}>"
    elif library in LIBRARIES and not LIBRARIES[library].match(path):
        yield f"<{include.name}> belongs in {LIBRARIES[library].pattern}"
    if room in PURE and IMPURE_HEADERS.match(include.name):
        yield f"{room} is pure: no <{include.name}>"


def _impure_calls(path: str, file: Path) -> Iterator[str]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        code = line.partition("//")[0]
        if match := IMPURE_CALLS.search(code):
            yield f"{path}:{number}: a pure room may not use {match[0]}"
