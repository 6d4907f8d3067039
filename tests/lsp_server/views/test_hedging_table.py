from __future__ import annotations

import io
from collections import Counter

from rich.console import Console, RenderableType

from ghostlap.lsp_server.views.hedging_table import acceptance_table, hedging_section
from ghostlap.telemetry.acceptance import AcceptanceRow
from ghostlap.telemetry.hedging import HedgingSummary, Pairing, Winner


def render(part: RenderableType | None) -> str:
    assert part is not None
    console = Console(file=io.StringIO(), width=180, highlight=False)
    console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_hedging_is_told_in_sentences_and_races() -> None:
    found = HedgingSummary(
        policies=Counter({"hedge": 1000}),
        denied=Counter({"bucket": 3}),
        launched=Counter({"delay": 40, "shadow": 20}),
        backups_won=30,
        winners={"fast": Winner("fast", 40, 30, [12.0], [1.0, 3.0])},
        requests=1000,
        extra_requests=60,
        wasted_tokens=1234,
        wasted_usd=(0.001, 0.002),
        pairs=Pairing([100.0] * 20, [90.0] * 20),
    )
    text = render(hedging_section(found))
    assert "Requests beyond the first of a keystroke: 60, 6% of 1,000." in text
    assert "Backups that won: 30 of 40." in text
    assert "Backups denied: bucket 3." in text
    assert "1,234 tokens received, $ 0.001…0.002" in text
    assert "p50 90.0 against 100 ms, p95 90.0 against 100 ms, p99 – against – ms" in text  # noqa: RUF001 - a dash
    (line,) = [line for line in text.splitlines() if line.startswith("fast")]
    assert line.split()[1:] == ["40", "30", "75%", "12.0", "1", "≥2.00", "2"]


def test_without_a_policy_there_is_no_section() -> None:
    assert hedging_section(HedgingSummary()) is None


def test_simulated_hedging_is_called_so() -> None:
    found = HedgingSummary(simulated=True, policies=Counter({"race+shadow": 3}))
    text = render(hedging_section(found))
    assert "Hedging of simulated providers" in text
    assert "race+shadow 3" in text
    assert acceptance_table([]) is None


def test_what_became_of_suggestions_has_a_dash_where_nobody_looked() -> None:
    row = AcceptanceRow("chip", False, Counter(shown=9, accepted=3), 50, Counter({30: 2}))
    row.still_there[30] = 1
    (line,) = [line for line in render(acceptance_table([row])).splitlines() if "chip" in line]
    assert line.split() == ["chip", "9", "3", "0", "0", "0", "0", "50", "50%", "–", "–", "–"]  # noqa: RUF001 - dashes
