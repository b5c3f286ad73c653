"""Reports as pages: one file of HTML each, that loads nothing."""

from __future__ import annotations

from .chargeback_page import chargeback_page
from .overview_page import overview_page

__all__ = ["chargeback_page", "overview_page"]
