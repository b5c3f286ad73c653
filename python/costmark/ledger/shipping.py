"""Shipping: the parts of a ledger, copied to where those of many machines lie together.

::

    TO/rows/date=2026-11-30/000001-0-5f2ad0c11b7f4a20.parquet

A name has the beginning of the part's SHA-256, so that each part has one name on every run, and no
two machines' parts have the same. Nothing is ever replaced: what is there is that part. A part
that `erase` or `prune --labels-before` wrote anew is sent, and then the old one is removed.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ConfigurationError, TransportError
from .manifests import Layout, ManifestError, Part, State, load, make_folder, private, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HASH_DIGITS = 16
_S3 = "s3://"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/|.*://")
_TRIES = 5


class Store(Protocol):
    """Where parts are sent to."""

    def has(self, key: str) -> bool:
        """Whether there is an object of this name."""

    def create(self, key: str, content: bytes, sha256: bytes) -> bool:
        """Write an object as a whole; False when there is one of this name already."""

    def remove(self, key: str) -> None:
        """Remove an object, if it is there."""


@dataclasses.dataclass
class Pushed:
    """What one run has done."""

    sent: int = 0
    bytes: int = 0
    already_there: int = 0
    replaced: int = 0
    """Parts that were removed, since they had been written anew."""


def push(folder: str | os.PathLike[str], to: str | os.PathLike[str], **client: Any) -> Pushed:
    """Send the compacted rows of a ledger to ``to``, a folder or ``s3://BUCKET/PREFIX``.

    What was sent before is not sent again, also after a run that was interrupted. Raw segments stay
    here; `compact` them first. ``client`` is what ``boto3.client("s3", ...)`` takes. Raises
    ManifestError for a part that is not what its manifest says, ConfigurationError without boto3,
    TransportError when S3 refuses.
    """
    layout = Layout(Path(folder))
    if not layout.is_compacted:
        raise ConfigurationError(
            f"there are no compacted rows at {layout.folder}; run `costmark ledger compact` first",
            code="invalid_argument",
        )
    text = os.fspath(to)
    if not text or (_SCHEME.match(text) and not text.startswith(_S3)):
        raise ConfigurationError(
            f"{text!r} is no place to push to; say s3://BUCKET/PREFIX, or a folder",
            code="invalid_argument",
        )
    is_bucket = text.startswith(_S3)
    if not is_bucket and _is_of_ledger(Path(text), layout):
        raise ConfigurationError(
            f"{text} is in the ledger {layout.folder}, whose own files are there: name a folder "
            "outside of it",
            code="invalid_argument",
        )
    store: Store = S3Store(text, client) if is_bucket else FolderStore(Path(text))
    receipts = _Receipts(layout, text)
    done = Pushed()
    while True:
        state = load(layout)
        try:
            _send(layout, state, store, receipts, done)
        except FileNotFoundError as error:  # pruned meanwhile; what took its place is sent
            if load(layout).number == state.number:
                raise ManifestError(f"{error.filename} is gone") from None
            continue
        for key in _replaced(state) - receipts.removed:
            store.remove(key)
            receipts.add_removed(key)
            done.replaced += 1
        return done


def _is_of_ledger(place: Path, layout: Layout) -> bool:
    """Whether the place or its rows, wherever links lead, are in the ledger or its rows."""
    return any(
        path.resolve().is_relative_to(folder.resolve())
        for path in (place, place / "rows")
        for folder in (layout.folder, layout.rows)
    )


def _send(layout: Layout, state: State, store: Store, receipts: _Receipts, done: Pushed) -> None:
    for part in state.parts.values():
        key = _key(part)
        if key in receipts.sent:
            done.already_there += 1
            continue
        if store.has(key):
            done.already_there += 1
        else:
            content = _content(layout, part)
            if store.create(key, content, bytes.fromhex(part.sha256)):
                done.sent += 1
                done.bytes += len(content)
            else:
                done.already_there += 1
        receipts.add_sent(key)


def _key(part: Part) -> str:
    return f"rows/{part.name.removesuffix('.parquet')}-{part.sha256[:_HASH_DIGITS]}.parquet"


def _replaced(state: State) -> set[str]:
    """The names of parts that were written anew; those that only expired stay where they are."""
    known: dict[str, Part] = {}
    found = set()
    for manifest in state.manifests:
        if manifest.parts:
            found |= {_key(known[name]) for name in manifest.removed_parts}
        known.update((part.name, part) for part in manifest.parts)
    return found


def _content(layout: Layout, part: Part) -> bytes:
    path = layout.rows / part.name
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != part.sha256:
        raise ManifestError(
            f"{path} is not what its manifest says, and was not sent; see `costmark ledger verify`"
        )
    return content


class _Receipts:
    """What was sent to a place, so that it need not be asked for each part on every run."""

    def __init__(self, layout: Layout, to: str) -> None:
        name = hashlib.sha256(to.encode()).hexdigest()[:_HASH_DIGITS]
        self._path = layout.folder / "pushed" / f"{name}.txt"
        self.sent: set[str] = set()
        self.removed: set[str] = set()
        if not self._path.exists():
            return
        for line in self._path.read_text().splitlines():
            kind, _, key = line.partition(" ")
            (self.removed if kind == "removed" else self.sent).add(key)

    def add_sent(self, key: str) -> None:
        self._add("sent", key)
        self.sent.add(key)

    def add_removed(self, key: str) -> None:
        self._add("removed", key)
        self.removed.add(key)

    def _add(self, kind: str, key: str) -> None:
        make_folder(self._path.parent)
        with open(self._path, "a", opener=private) as file:
            file.write(f"{kind} {key}\n")


class FolderStore:
    """A folder, perhaps on a file system that is shared."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, key: str) -> bool:
        """Whether there is an object of this name."""
        return (self._folder / key).exists()

    def create(self, key: str, content: bytes, sha256: bytes) -> bool:
        """Write an object as a whole; False when there is one of this name already."""
        target = self._folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".") as draft:
            draft.write(content)
            draft.flush()
            os.fsync(draft.fileno())
            os.chmod(draft.name, 0o644)
            try:
                os.link(draft.name, target)  # which replaces nothing
            except FileExistsError:
                return False
        sync_folder(target.parent)
        return True

    def remove(self, key: str) -> None:
        """Remove an object, if it is there."""
        (self._folder / key).unlink(missing_ok=True)


class S3Store:
    """A bucket, below a prefix."""

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        self._bucket, _, prefix = url.removeprefix(_S3).partition("/")
        if not self._bucket:
            raise ConfigurationError(
                f"{url!r} names no bucket; say s3://BUCKET/PREFIX", code="invalid_argument"
            )
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        try:
            import boto3  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            raise ConfigurationError(
                "sending to S3 needs boto3; install costmark[aws]", code="unsupported"
            ) from None
        with _told(url):
            self._client = boto3.client("s3", **options)
        self._url = url

    def has(self, key: str) -> bool:
        """Whether there is an object of this name."""
        with _told(self._url):
            return _status(lambda: self._client.head_object(**self._named(key))) != 404

    def create(self, key: str, content: bytes, sha256: bytes) -> bool:
        """Write an object as a whole; False when there is one of this name already."""
        checksum = base64.b64encode(sha256).decode()
        with _told(self._url):
            for _ in range(_TRIES):
                status = _status(
                    lambda: self._client.put_object(
                        **self._named(key),
                        Body=content,
                        IfNoneMatch="*",
                        ChecksumSHA256=checksum,
                    )
                )
                if status != 409:  # another writer of this key was at work at that moment
                    return status != 412
        raise TransportError(f"{self._url}: {key} is written by others all the time")

    def remove(self, key: str) -> None:
        """Remove an object, if it is there."""
        with _told(self._url):
            self._client.delete_object(**self._named(key))

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}


def _status(call: Callable[[], object]) -> int:
    """The HTTP status of a call, also of those that say that an object is or is not there."""
    from botocore.exceptions import ClientError  # type: ignore[import-untyped,unused-ignore]

    try:
        call()
    except ClientError as error:
        status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code")
        if status not in (404, 409, 412) or code == "NoSuchBucket":
            raise
        return status
    return 200


@contextlib.contextmanager
def _told(url: str) -> Iterator[None]:
    """Errors of boto3 as errors of costmark."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise TransportError(f"{url}: {error}") from None
