"""`kill -9` at random moments, a hundred times: the file opens, and at most 250 ms are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.telemetry.test_processes import kill_at_random


@pytest.mark.timeout(600)
def test_a_hundred_kills_lose_at_most_250_ms_each(tmp_path: Path) -> None:
    for seed in range(1000, 1100):
        safe, stored = kill_at_random(tmp_path / f"{seed}" / "telemetry.sqlite3", seed)
        assert safe <= stored, f"seed {seed} lost {sorted(safe - stored)}"
