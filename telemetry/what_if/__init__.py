"""What would have been: estimates from what was recorded, with their intervals."""

from __future__ import annotations

from ghostlap.telemetry.what_if._clusters import Floats, interval, resampled
from ghostlap.telemetry.what_if._survival import quantiles, share_within, survival

__all__ = ["Floats", "interval", "quantiles", "resampled", "share_within", "survival"]
