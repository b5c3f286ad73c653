"""The modules of core: what each may include, as core/modules.txt says.

``modules.py check`` prints every include that breaks the rules; ``modules.py table`` prints the
table of core/README.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Module:
    """One line of modules.txt."""

    name: str
    uses: frozenset[str]
    library: str
    pure: bool
    headers: frozenset[str]
    what: str


def read_modules(root: Path = ROOT) -> dict[str, Module]:
    """The modules of core, in the order of the file: each uses only those above it."""
    modules: dict[str, Module] = {}
    file = root / "core" / "modules.txt"
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 6 or fields[3] not in ("", "pure"):
            raise ValueError(
                f"{file}:{number}: expected name | uses | library | pure | headers | what"
            )
        name, uses, library, pure, headers, what = fields
        unknown = set(uses.split()) - modules.keys()
        if unknown:
            raise ValueError(
                f"{file}:{number}: {name} uses {sorted(unknown)}, which stand below it"
            )
        modules[name] = Module(
            name, frozenset(uses.split()), library, pure == "pure", frozenset(headers.split()), what
        )
    return modules


MODULES = read_modules()
# The bindings stand above the last module, and see public headers alone.
BINDINGS = frozenset({"capi", "python"})

# How the includes of an outside library begin, and which folder may have them.
_PREFIX = {"OpenSSL::Crypto": "openssl", "simdjson::simdjson": "simdjson", "CURL::libcurl": "curl"}
LIBRARIES = {
    _PREFIX[module.library]: re.compile(rf"core/src/{module.name}/")
    for module in MODULES.values()
    if module.library in _PREFIX
}
LIBRARIES["pybind11"] = LIBRARIES["Python"] = re.compile(r"python/src/")

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
    """The sources, without tests, examples and packages for other languages."""
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
    """The file of the repository that a directive names, if it names one."""
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


def module_of(root: Path, file: Path) -> str:
    """The module, or the binding, that a file belongs to."""
    match file.resolve().relative_to(root.resolve()).parts:
        case ("core", "src", module, _, *_):
            return module
        case ("core", "include", "costmark", name):
            stem = name.partition(".")[0]
            return next((m.name for m in MODULES.values() if stem in m.headers), f"of {name}")
        case (top, *_):
            return top
    raise ValueError(f"{file} is in no module")


def may_use(module: str) -> frozenset[str]:
    """What a module, or a binding, may include besides itself."""
    return frozenset(MODULES) if module in BINDINGS else MODULES[module].uses


def is_pure(module: str) -> bool:
    """Whether a module has no I/O, clock, chance and environment of its own."""
    return module in MODULES and MODULES[module].pure


def is_public(root: Path, file: Path) -> bool:
    """Whether a file is one of the headers that users of the core or of the C ABI see."""
    public = (root / "core" / "include", root / "capi" / "include")
    return any(file.is_relative_to(folder) for folder in public)


def violations(root: Path = ROOT) -> list[str]:
    """Every include that a module may not have, and every impure call in a pure module."""
    found: list[str] = []
    for file in source_files(root):
        module = module_of(root, file)
        path = file.relative_to(root).as_posix()
        if module not in MODULES and module not in BINDINGS:
            found.append(f"{path}: core/modules.txt has no module {module}")
            continue
        for include in includes(file):
            found += (f"{path}:{include.line}: {fault}" for fault in _faults(root, module, include))
        if is_pure(module):
            found += _impure_calls(path, file)
    return found


def _faults(root: Path, module: str, include: Include) -> Iterator[str]:
    target = resolve(root, include)
    if target is not None:
        other = module_of(root, target)
        if other not in may_use(module) | {module}:
            yield f"{module} may not include {include.name}, which is {other}'s"
        if module in BINDINGS and other != module and not is_public(root, target):
            yield f"{module} may include public headers of core only, not {include.name}"
        return
    if include.quoted:
        yield f"{include.name} does not exist"
        return
    library = include.name.partition("/")[0].partition(".")[0]
    path = include.file.relative_to(root).as_posix()
    if is_public(root, include.file):
        if library in LIBRARIES or "/" in include.name:
            yield f"a public header may include the standard library only, not <{include.name}>"
    elif library in LIBRARIES and not LIBRARIES[library].match(path):
        yield f"<{include.name}> belongs in {LIBRARIES[library].pattern}"
    if is_pure(module) and IMPURE_HEADERS.match(include.name):
        yield f"{module} is pure: no <{include.name}>"


def _impure_calls(path: str, file: Path) -> Iterator[str]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        code = line.partition("//")[0]
        if match := IMPURE_CALLS.search(code):
            yield f"{path}:{number}: a pure module may not use {match[0]}"


def table() -> str:
    """The table of core/README.md."""
    rows = ["| module | what is in it | may use |", "|---|---|---|"]
    for module in MODULES.values():
        library = {
            "OpenSSL::Crypto": "OpenSSL",
            "simdjson::simdjson": "simdjson",
            "CURL::libcurl": "libcurl",
        }.get(module.library)
        uses = sorted(module.uses) + ([library] if library else [])
        pure = " (pure)" if module.pure else ""
        rows.append(f"| `{module.name}`{pure} | {module.what} | {', '.join(uses) or 'nothing'} |")
    return "\n".join(rows) + "\n"


def main(arguments: list[str]) -> int:
    """Run as a program."""
    match arguments:
        case ["check"]:
            found = violations()
            print("\n".join(found), end="\n" if found else "")
            return 1 if found else 0
        case ["table"]:
            print(table(), end="")
            return 0
    print("usage: modules.py check|table", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
