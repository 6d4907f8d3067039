"""What the user is told, once: in the log, and in the editor where there is something to do."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ghostlap.providers import ProviderError, StatusError

__all__ = ["Notices"]

log = logging.getLogger(__name__)


class Notices:
    """Remembers what was said already. Used from one event loop alone."""

    def __init__(self) -> None:
        self._show: Callable[[str], None] | None = None
        self._waiting: list[str] = []
        self._said: set[str] = set()
        self._failures: set[tuple[object, ...]] = set()

    def open(self, show: Callable[[str], None]) -> None:
        """Show messages in the editor from now on, first those that came before."""
        self._show = show
        for text in self._waiting:
            show(text)
        self._waiting.clear()

    def problem(self, text: str) -> None:
        """Tell the user of something to change in the configuration."""
        if text not in self._said:
            self._said.add(text)
            log.warning("%s", text)
            self._tell(text)

    def failure(self, error: ProviderError) -> None:
        """Log each distinct failure, and show the ones that only the user can end.

        Not told apart by their text, which may hold times and counts of the one request.
        """
        status = error.status if isinstance(error, StatusError) else 0
        kind = (error.provider, type(error), status)
        if kind not in self._failures:
            self._failures.add(kind)
            log.warning("%s", error)
            if error.permanent:
                self._tell(str(error))

    def forget_failures(self) -> None:
        """Say all failures again: the configuration has changed."""
        self._failures.clear()

    def _tell(self, text: str) -> None:
        if self._show is None:
            self._waiting.append(text)
        else:
            self._show(text)
