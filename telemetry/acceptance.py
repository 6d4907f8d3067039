"""What became of suggestions in the editor, as far as it says: shown, taken over, still there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ghostlap.telemetry._columns import first_of_the_latest, label_numbers
from ghostlap.telemetry._database import open_for_reading, store_errors
from ghostlap.telemetry._feedback import ACCEPTANCES, FeedbackKind
from ghostlap.telemetry.hedging import LATEST

__all__ = ["AcceptanceRow", "summarise_acceptance"]

# Suggestions are counted once per kind: a word may be taken over after a word.
_EVENTS = """
    SELECT provider, simulated, kind, after_s, count(*), sum(length), sum(length > 0) FROM (
        SELECT k.provider, k.simulated, f.kind, f.after_s, sum(f.length) AS length
        FROM feedback f
        JOIN keystroke k ON k.session = f.session AND k.sequence = f.sequence
        WHERE f.session >= ? AND k.at_unix_ns >= ?
        GROUP BY f.session, f.sequence, f.kind, f.after_s
    )
    GROUP BY 1, 2, 3, 4
"""


@dataclass(slots=True)
class AcceptanceRow:
    """The suggestions of one provider, as far as an editor told of them."""

    provider: str
    simulated: bool
    counts: Counter[str] = field(default_factory=Counter)
    """Suggestions by what became of them: the values of FeedbackKind."""
    accepted_chars: int = 0
    looked_at: Counter[int] = field(default_factory=Counter)
    """Accepted ones that were looked at again, by after how many seconds."""
    still_there: Counter[int] = field(default_factory=Counter)
    """Of these, those of which something was left."""

    def share_kept(self, after_s: int) -> float | None:
        looked_at = self.looked_at[after_s]
        return self.still_there[after_s] / looked_at if looked_at else None


def summarise_acceptance(
    path: Path | Sequence[Path], since_unix_ms: int | None = None
) -> list[AcceptanceRow]:
    """Read the store, or several as one; those with the most events first. Of a long history the
    suggestions of the `LATEST` keystrokes in each file.

    :raises StoreError: as `summarise`.
    """
    rows: dict[tuple[str, bool], AcceptanceRow] = {}
    since_ns = min((since_unix_ms or 0) * 1_000_000, (1 << 63) - 1)
    for file in [path] if isinstance(path, Path) else path:
        with closing(open_for_reading(file)) as connection, store_errors(file):
            texts = {number: text for text, number in label_numbers(connection).items()}
            for provider, simulated, kind_number, after_s, count, chars, left in connection.execute(
                _EVENTS, (first_of_the_latest(connection, LATEST), since_ns)
            ):
                key, kind = (texts.get(provider, ""), bool(simulated)), texts[kind_number]
                row = rows.setdefault(key, AcceptanceRow(*key))
                if kind == FeedbackKind.PERSISTED:
                    row.looked_at[after_s] += count
                    row.still_there[after_s] += left
                else:
                    row.counts[kind] += count
                if kind in ACCEPTANCES:
                    row.accepted_chars += chars
    return sorted(rows.values(), key=lambda row: -row.counts.total())
