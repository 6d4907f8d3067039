"""What would have been: estimates from what was recorded, with their intervals."""

from __future__ import annotations

from ghostlap.telemetry.what_if._advice import ENOUGH_PAIRS, Advice, advise
from ghostlap.telemetry.what_if._clusters import Floats, band, interval, resampled
from ghostlap.telemetry.what_if._options import Estimate, Option, Sample
from ghostlap.telemetry.what_if._pairs import Pair, PairedHistory, read_pairs
from ghostlap.telemetry.what_if._survival import quantiles, share_within, survival

__all__ = [
    "ENOUGH_PAIRS",
    "Advice",
    "Estimate",
    "Floats",
    "Option",
    "Pair",
    "PairedHistory",
    "Sample",
    "advise",
    "band",
    "interval",
    "quantiles",
    "read_pairs",
    "resampled",
    "share_within",
    "survival",
]
