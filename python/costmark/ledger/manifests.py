"""What compaction did: numbered manifests, each with the hash of the one before it.

::

    FOLDER/raw/date=2026-11-30/HOST-1-….jsonl         segments, as writers make them
    FOLDER/rows/date=2026-11-30/000001-0.parquet      parts: the rows of closed segments
    FOLDER/manifests/000001.json                      which bytes of segments are in them
    FOLDER/sums/date=2026-11-30/000001-0.*            what a part adds up to; not in manifests

A manifest is written after its parts, and never changed: its first line has the SHA-256 of the rest
of the file. What no manifest names is not there: a part that was left by a compaction that was
killed does not count, and the next one removes it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

# A file of one writer, which is the last of its names.
SEGMENT = re.compile(r".+-\d+-\d+-([0-9a-f]{16})\.jsonl(?:\.gz)?")
_VERSION = 1
_NAME = re.compile(r"(\d{6,})\.json")
_SEAL = re.compile(rb'\{"sha256": "([0-9a-f]{64})",\n')
_PIECE = 1 << 20
# Of files about sums, of sums, and of both as long as they are written.
_SUMS = (".json", ".sums")
_DRAFTS = (".json-draft", ".draft")


class BusyError(ConfigurationError):
    """Another process changes the ledger."""

    default_code = "invalid_argument"


class ManifestError(ConfigurationError):
    """A manifest is missing, was changed, or is of a later version."""

    default_code = "invalid_argument"


@dataclasses.dataclass(frozen=True)
class Input:
    """Bytes of a segment that are in parts."""

    name: str
    """Its path below ``raw``."""
    begin: int
    end: int
    sha256: str
    """Of the bytes from ``begin`` to ``end``."""
    rows: int
    lines: int
    """How many lines the segment has up to ``end``."""
    faults: tuple[tuple[int, str, str], ...] = ()
    """Lines that were no rows: line from 1, kind, reason. The first ones, where there are many."""
    more_faults: dict[str, int] = dataclasses.field(default_factory=dict)
    """How many more lines were no rows, by kind."""


@dataclasses.dataclass(frozen=True)
class Part:
    """A Parquet file."""

    name: str
    """Its path below ``rows``."""
    rows: int
    size: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Manifest:
    """One change of the compacted ledger."""

    number: int
    previous: str
    """SHA-256 of the manifest before it; empty for the first one."""
    made_us: int
    inputs: tuple[Input, ...] = ()
    parts: tuple[Part, ...] = ()
    removed_parts: tuple[str, ...] = ()
    removed_inputs: tuple[str, ...] = ()
    """Segments that are wholly in parts, and were deleted."""
    removed_rows: dict[str, list[list[int]]] = dataclasses.field(default_factory=dict)
    """Numbers of rows that are gone for good: by writer, from and up to."""
    reason: str = ""
    """Why parts were removed: what was erased or expired, without its values."""

    def to_bytes(self) -> bytes:
        """As it stands in its file."""
        body = {"v": _VERSION, **dataclasses.asdict(self)}
        return sealed(json.dumps(body, indent=1))  # in ASCII: names need not be UTF-8


class Layout:
    """The folders of a ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.raw = folder / "raw"
        self.rows = folder / "rows"
        self.manifests = folder / "manifests"
        self.sums = folder / "sums"

    @property
    def has_raw(self) -> bool:
        """Whether there is the folder of segments. ConfigurationError for a file of that name."""
        if self.raw.is_dir():
            return True
        if os.path.lexists(self.raw):
            raise ConfigurationError(
                f"there is no ledger at {self.folder}: {self.raw} is not a folder",
                code="invalid_argument",
            )
        return False

    @property
    def is_compacted(self) -> bool:
        """Whether there is a manifest."""
        return any(self.manifest_files())

    def manifest_files(self) -> list[tuple[int, Path]]:
        """The manifests by number."""
        if not self.manifests.is_dir():
            return []
        named = ((_NAME.fullmatch(path.name), path) for path in self.manifests.iterdir())
        return sorted((int(match[1]), path) for match, path in named if match)

    def segments(self) -> list[Path]:
        """The files with rows that are there: segments, and what else was put beside them."""
        return sorted(files_below(self.raw))

    def sums_of(self, part: str) -> tuple[Path, Path]:
        """The files of the sums of a part: about them, and the sums."""
        name = part.removesuffix(".parquet")
        about, sums = (self.sums / f"{name}{suffix}" for suffix in _SUMS)
        return about, sums

    def remove_sums(self, parts: Container[str]) -> None:
        """Remove all sums but those of these parts, and what was left unfinished."""
        if not self.sums.is_dir():
            return
        for path in self.sums.glob("*/*"):
            name = f"{path.parent.name}/{path.stem}.parquet"
            if path.suffix in _DRAFTS or (path.suffix in _SUMS and name not in parts):
                path.unlink()
                if not any(path.parent.iterdir()):
                    path.parent.rmdir()

    def name_of(self, segment: Path) -> str:
        """The name of a segment in manifests."""
        return segment.relative_to(self.raw).as_posix()

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Held by the one process that changes the ledger. Raises BusyError.

        ConfigurationError when there is no ledger.
        """
        if not self.has_raw and not self.manifests.is_dir():
            raise ConfigurationError(
                f"there is no ledger at {self.folder}", code="invalid_argument"
            )
        descriptor = os.open(self.folder / "compact.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError(
                    f"another process compacts, prunes or erases {self.folder}; try again later"
                ) from None
            yield
        finally:
            os.close(descriptor)


def _refuse_unreadable(error: OSError) -> None:
    """What cannot be listed would be missing in every sum."""
    if not isinstance(error, FileNotFoundError):  # pruned meanwhile
        raise ConfigurationError(
            f"{error.filename} cannot be read: {error.strerror}", code="invalid_argument"
        ) from None


def files_below(folder: Path) -> Iterator[Path]:
    """The files that may hold rows, in links to other folders as well."""
    entered: set[tuple[int, int]] = set()
    for within, folders, names in os.walk(folder, onerror=_refuse_unreadable, followlinks=True):
        found = os.stat(within)
        if (found.st_dev, found.st_ino) in entered:  # links may go round in circles
            folders.clear()
            continue
        entered.add((found.st_dev, found.st_ino))
        paths = (Path(within, name) for name in names if ".jsonl" in name)
        yield from (path for path in paths if path.is_file())


@dataclasses.dataclass
class State:
    """What all manifests together say."""

    manifests: list[Manifest] = dataclasses.field(default_factory=list)
    last_hash: str = ""
    inputs: dict[str, list[Input]] = dataclasses.field(default_factory=dict)
    removed_inputs: set[str] = dataclasses.field(default_factory=set)
    removed_rows: dict[str, list[range]] = dataclasses.field(default_factory=dict)
    parts: dict[str, Part] = dataclasses.field(default_factory=dict)

    @property
    def number(self) -> int:
        """Of the last manifest, or 0."""
        return self.manifests[-1].number if self.manifests else 0

    def covered(self, name: str) -> tuple[int, int]:
        """Up to which byte, and how many lines, a segment is in parts."""
        known = self.inputs.get(name)
        return (known[-1].end, known[-1].lines) if known else (0, 0)

    def add(self, manifest: Manifest, sha256: str) -> None:
        """Take the next manifest."""
        self.manifests.append(manifest)
        self.last_hash = sha256
        for each in manifest.inputs:
            self.inputs.setdefault(each.name, []).append(each)
        self.removed_inputs.update(manifest.removed_inputs)
        for writer, ranges in manifest.removed_rows.items():
            self.removed_rows.setdefault(writer, []).extend(range(*each) for each in ranges)
        for name in manifest.removed_parts:
            self.parts.pop(name, None)
        self.parts.update({part.name: part for part in manifest.parts})


def load(layout: Layout) -> State:
    """Read all manifests. Raises ManifestError when the chain is broken."""
    state = State()
    for number, path in layout.manifest_files():
        text = path.read_bytes()
        manifest = _parse(path, text)
        if number != state.number + 1 or manifest.number != number:
            raise ManifestError(f"{path}: manifest {state.number + 1} is missing before it")
        if manifest.previous != state.last_hash:
            raise ManifestError(
                f"{path.with_name(f'{state.number:06}.json')} was changed: its SHA-256 is "
                f"{state.last_hash}, and {path.name} says {manifest.previous}"
            )
        state.add(manifest, hashlib.sha256(text).hexdigest())
    return state


def sealed(text: str) -> bytes:
    """A JSON object as a file that tells when a byte of it was changed."""
    rest = text.removeprefix("{\n").encode() + b"\n"
    return f'{{"sha256": "{hashlib.sha256(rest).hexdigest()}",\n'.encode() + rest


def check_seal(path: Path, text: bytes) -> None:
    """Raises ManifestError when the text is not what was sealed."""
    seal = _SEAL.match(text)
    if seal is None:
        raise ManifestError(f"{path}: this is no manifest: its first line has no SHA-256")
    found = hashlib.sha256(text[seal.end() :]).hexdigest()
    if found != seal[1].decode():
        raise ManifestError(
            f"{path} was changed: the SHA-256 behind its first line is {found}, and that line "
            f"says {seal[1].decode()}"
        )


def _parse(path: Path, text: bytes) -> Manifest:
    check_seal(path, text)
    try:
        value: dict[str, Any] = json.loads(text)
        del value["sha256"]
        version = value.pop("v")
        if version != _VERSION:
            raise ManifestError(f"{path}: version {version!r} is of a later costmark")
        value["inputs"] = tuple(
            Input(**{**each, "faults": tuple(map(tuple, each["faults"]))})
            for each in value["inputs"]
        )
        value["parts"] = tuple(Part(**each) for each in value["parts"])
        for name in ("removed_parts", "removed_inputs"):
            value[name] = tuple(value[name])
        return Manifest(**value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(f"{path}: this is no manifest: {error}") from None


def commit(layout: Layout, state: State, **members: Any) -> Manifest:
    """Write the next manifest. Its parts are on the disk already. Only with the lock.

    The file appears under its name as a whole, or not at all.
    """
    manifest = Manifest(
        number=state.number + 1,
        previous=state.last_hash,
        made_us=time.time_ns() // 1000,
        **members,
    )
    make_folder(layout.manifests)
    text = manifest.to_bytes()
    draft = layout.manifests / ".draft"
    with open(draft, "wb", opener=private) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, layout.manifests / f"{manifest.number:06}.json")
    sync_folder(layout.manifests)
    state.add(manifest, hashlib.sha256(text).hexdigest())
    return manifest


def private(path: str, flags: int) -> int:
    """Open a file that only its owner reads."""
    return os.open(path, flags, 0o600)


def make_folder(path: Path) -> None:
    """Make a folder that only its owner enters."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def sync_folder(path: Path) -> None:
    """Force the names in a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hash_of(path: Path, begin: int = 0, end: int | None = None) -> str:
    """SHA-256 of the bytes of a file. Of fewer when the file is shorter."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(begin)
        left = None if end is None else end - begin
        while left is None or left > 0:
            piece = file.read(_PIECE if left is None else min(_PIECE, left))
            if not piece:
                break
            digest.update(piece)
            left = None if left is None else left - len(piece)
    return digest.hexdigest()
