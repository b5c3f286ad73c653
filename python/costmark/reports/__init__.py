"""Reports over ledgers: what was used and what it costs, by whatever a row says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .summary import Line, Report, States, report

if TYPE_CHECKING:
    from . import chargeback, compare, overview, page

__all__ = ["Line", "Report", "States", "chargeback", "compare", "overview", "page", "report"]


if not TYPE_CHECKING:  # else a type checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f".{name}", __name__)
