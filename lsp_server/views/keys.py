"""Reading single keys from a terminal, without waiting for Enter."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

__all__ = ["NextKey", "single_keys"]

NextKey: TypeAlias = Callable[[float], str]
"""Waits for a key, so many seconds at most; empty when none came."""


@contextmanager
def single_keys() -> Iterator[NextKey]:
    """Take keys one by one until the end of the context."""
    if sys.platform == "win32":
        yield _windows_key
        return
    import select  # noqa: PLC0415 - POSIX
    import termios  # noqa: PLC0415 - POSIX
    import tty  # noqa: PLC0415 - POSIX

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    def next_key(wait_s: float) -> str:
        ready, _, _ = select.select([terminal], [], [], wait_s)
        return sys.stdin.read(1) if ready else ""

    try:
        tty.setcbreak(terminal)  # Ctrl-C stays an interrupt
        yield next_key
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _windows_key(wait_s: float) -> str:
    if sys.platform != "win32":
        return ""
    import msvcrt  # noqa: PLC0415 - Windows
    import time  # noqa: PLC0415 - as above

    until_s = time.monotonic() + wait_s
    while time.monotonic() < until_s:
        if msvcrt.kbhit():
            return msvcrt.getwch()
        time.sleep(0.02)
    return ""
