"""Leaving a backend alone that fails too often, until one request has shown that it does not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ghostlap.telemetry import monotonic_ns

__all__ = ["Breaker"]

_WINDOW = 50
_MOST_FAILURES = 10  # 20 % of the window
_OPEN_S = 30.0


class Breaker:
    """Opens at a fifth of failures over the last 50 answers. Used from one event loop alone."""

    __slots__ = ("_clock", "_failures", "_is_open", "_retry_ns")

    def __init__(self, clock: Callable[[], int] = monotonic_ns) -> None:
        self._clock = clock
        self._failures: deque[bool] = deque(maxlen=_WINDOW)
        self._is_open = False
        self._retry_ns = 0

    def allows(self) -> bool:
        """Whether the backend may be asked: while open, one try every 30 s."""
        return not self._is_open or self._clock() >= self._retry_ns

    def asked(self) -> None:
        """Note that it is asked: while open, this is the try."""
        if self._is_open:
            self._wait()

    def succeeded(self) -> None:
        if self._is_open:
            self._is_open = False
            self._failures.clear()
        self._failures.append(False)

    def failed(self) -> None:
        self._failures.append(True)
        if sum(self._failures) >= _MOST_FAILURES:
            self._is_open = True
            self._wait()

    def _wait(self) -> None:
        self._retry_ns = self._clock() + int(_OPEN_S * 1e9)
