"""A request as it came over the wire."""

from __future__ import annotations

from dataclasses import dataclass


def header_text(value: bytes) -> str:
    """A header's bytes as text, such that encoding it again gives the same bytes when it can."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


@dataclass(frozen=True)
class Received:
    """Method, target, headers and body, byte for byte; header names in lower case."""

    method: str
    raw_path: str
    raw_query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    request_id: str

    def values(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key == name]

    def value(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next(iter(self.values(name)), None)
