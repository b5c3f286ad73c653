"""Reports as pages: one file of HTML each, that loads nothing."""

from __future__ import annotations

from .overview_page import overview_page

__all__ = ["overview_page"]
