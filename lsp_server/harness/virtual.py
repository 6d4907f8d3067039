"""An event loop whose time passes as fast as the work allows: hours of typing in seconds.

For what knows no other clock than the loop's; nothing real, a socket or a process, may be waited
for in it.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["run_virtually"]

_Result = TypeVar("_Result")


class _Selector(selectors.DefaultSelector):
    """Lets the time pass that the loop would wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self.now_s += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, selector: _Selector) -> None:
        self._virtual = selector
        super().__init__(selector)

    def time(self) -> float:
        return self._virtual.now_s


def run_virtually(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run `work` to its end, from a time of 0 s on."""
    with asyncio.Runner(loop_factory=lambda: _Loop(_Selector())) as runner:
        return runner.run(work)
