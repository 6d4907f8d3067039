"""What was recorded, as one self-contained page: no network, no script but the theme's switch."""

from __future__ import annotations

from ghostlap.telemetry.report._data import ReportData, collect
from ghostlap.telemetry.report._page import page

__all__ = ["ReportData", "collect", "page"]
