"""How figures are written in a terminal."""

from __future__ import annotations

__all__ = ["NOTHING", "count", "milliseconds", "printable", "share", "usd"]

NOTHING = "–"  # noqa: RUF001 - a dash, as meant


def count(number: int) -> str:
    return f"{number:,}"


def milliseconds(value: float | None) -> str:
    """Three figures."""
    if value is None:
        return NOTHING
    decimals = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:,.{decimals}f}"


def share(value: float | None) -> str:
    """In per cent; neither 0 % nor 100 % is said of what is only close to it."""
    if value is None:
        return NOTHING
    if 0 < value < 0.005:
        return "<1%"
    if 0.995 <= value < 1:
        return ">99%"
    return f"{value:.0%}"


def usd(interval: tuple[float, float] | None) -> str:
    """Two figures of each end; one number where they say the same."""
    if interval is None:
        return NOTHING
    low, high = (f"{end:.2f}" if end >= 1 else f"{end:.2g}" for end in interval)
    return low if low == high else f"{low}…{high}"


def printable(text: str) -> str:
    """Another person's file may hold anything, sequences that a terminal obeys included."""
    return "".join(char if char.isprintable() else "?" for char in text)
