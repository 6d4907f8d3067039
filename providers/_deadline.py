"""When an answer is late, whoever waits for it is told.

A timer for each request, not for each read: reads only note the time, and the timer, when it fires
too early, is set again for what is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ghostlap.providers._errors import FirstTokenTimeout, ProviderTimeout, StreamStalled

__all__ = ["Deadline"]


class Deadline:
    """Watches one answer: first for its first token, then for silence between reads."""

    __slots__ = (
        "_began_s",
        "_first_token_s",
        "_last_s",
        "_late",
        "_loop",
        "_provider",
        "_stall_s",
        "_streaming",
        "_timer",
    )

    def __init__(
        self,
        provider: str,
        first_token_s: float,
        stall_s: float,
        late: Callable[[ProviderTimeout], None],
    ) -> None:
        """`late` is called once, with the error to raise."""
        self._provider = provider
        self._first_token_s = first_token_s
        self._stall_s = stall_s
        self._late = late
        self._loop = asyncio.get_running_loop()
        self._began_s = self._last_s = 0.0
        self._streaming = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._began_s = self._last_s = self._loop.time()
        self._arm(self._first_token_s)

    def progressed(self) -> None:
        """Bytes arrived."""
        self._last_s = self._loop.time()

    def token_seen(self) -> None:
        """Text arrived: from now on only silence counts."""
        if not self._streaming:
            self._streaming = True
            self._arm(self._stall_s)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, delay_s: float) -> None:
        self.stop()
        self._timer = self._loop.call_later(delay_s, self._check)

    def _check(self) -> None:
        due_s = (
            self._last_s + self._stall_s if self._streaming else self._began_s + self._first_token_s
        )
        left_s = due_s - self._loop.time()
        if left_s > 0:
            self._arm(left_s)
            return
        self._timer = None
        self._late(self._error())

    def _error(self) -> ProviderTimeout:
        if self._streaming:
            return StreamStalled(
                self._provider,
                f"the stream fell silent for {self._stall_s:g} s",
                "try another backend, or raise stall_timeout_s",
            )
        return FirstTokenTimeout(
            self._provider,
            f"no text within {self._first_token_s:g} s",
            "choose a faster model, switch its reasoning off, or raise first_token_timeout_s",
        )
