"""How long one backend takes to its first usable text, of late and for requests of one size."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

from ghostlap.providers._base import CompletionRequest
from ghostlap.providers.policies.survival import Survival, estimate

__all__ = ["ENOUGH", "Cut", "Estimator", "SizeClass", "prompt_length", "size_class"]

WINDOW = 500
ENOUGH = 50
"""From so many observations on an estimate is worth going by."""
_REFRESHED_EVERY = 20
_SIZE_STEPS = (2_000, 8_000, 32_000)
"""Characters of prompt: prefill grows with it, and first text comes later."""

SizeClass = tuple[int, bool]


def prompt_length(request: CompletionRequest) -> int:
    """Return how many characters of code go along with a request."""
    snippets = sum(len(snippet.text) for snippet in request.snippets)
    return len(request.prefix) + len(request.suffix) + snippets


def size_class(request: CompletionRequest) -> SizeClass:
    """Return what requests of about the same cost have in common."""
    length = prompt_length(request)
    return sum(length >= step for step in _SIZE_STEPS), request.single_line


class Cut(Enum):
    """Why a time is not known in full."""

    NOT = auto()
    KEYSTROKE = auto()
    """By the user, or by whatever else does not depend on how long it takes."""
    DEFEAT = auto()
    """Because another backend had answered."""


class Estimator:
    """Keeps the last 500 observations, and beside them the last 500 losers that were let run.

    The latter come at a twentieth of the rate of defeats, and are what the former are completed by.
    Used from one event loop alone. Its work is done while observing, none of it while asked.
    """

    def __init__(self) -> None:
        self._observed: deque[tuple[float, Cut]] = deque(maxlen=WINDOW)
        self._let_run: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._fresh = 0
        self._survival: Survival | None = None

    def __len__(self) -> int:
        return len(self._observed)

    def observe(self, time_s: float, cut: Cut = Cut.NOT) -> None:
        self._observed.append((time_s, cut))
        self._fresh += 1
        if self._fresh >= _REFRESHED_EVERY:
            self._refresh()

    def observe_let_run(self, lost_at_s: float, time_s: float) -> None:
        """Note the whole time of a loser, and when it had lost."""
        self._let_run.append((lost_at_s, time_s))
        self.observe(time_s)

    def quantile_s(self, share: float) -> float | None:
        """Return the time within which a share of the answers is there; None: not known yet."""
        if self._survival is None or len(self._observed) < ENOUGH:
            return None
        return self._survival.quantile_s(share)

    def beyond(self, time_s: float) -> float:
        """Return how likely it is that an answer takes longer; 1.0 where nothing is known."""
        if self._survival is None or len(self._observed) < ENOUGH:
            return 1.0
        return max(self._survival.beyond(time_s), 1 / (len(self._observed) + 1))

    def _refresh(self) -> None:
        """Takes about a millisecond, after the answer has gone out."""
        self._fresh = 0
        times: dict[Cut, list[float]] = {cut: [] for cut in Cut}
        for time_s, cut in self._observed:
            times[cut].append(time_s)
        self._survival = estimate(
            times[Cut.NOT], times[Cut.KEYSTROKE], times[Cut.DEFEAT], self._let_run
        )
