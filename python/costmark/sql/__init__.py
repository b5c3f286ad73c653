"""The tables and the report queries in the SQL of other engines, over rows that were shipped."""

from __future__ import annotations

from .dialects import DIALECTS, Dialect
from .queries import Query, queries, statements

__all__ = ["DIALECTS", "Dialect", "Query", "queries", "statements"]
