"""Values that no repr shows: tracebacks with local variables, and debuggers, print those."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Hidden:
    """Holds one value."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<hidden>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]


class HiddenMapping(Mapping[str, Any]):
    """Holds values by name, and shows the names."""

    __slots__ = ("_values",)

    def __init__(self, *mappings: Mapping[str, Any]) -> None:
        self._values: dict[str, Any] = {}
        for each in mappings:
            self._values.update(each)

    def __repr__(self) -> str:
        return f"<{', '.join(self._values) or 'nothing'}>"

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
