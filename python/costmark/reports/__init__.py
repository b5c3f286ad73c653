"""Reports over ledgers: what was used and what it costs, by whatever a row says."""

from __future__ import annotations

from .summary import Line, Report, States, report

__all__ = ["Line", "Report", "States", "report"]
