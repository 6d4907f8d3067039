"""The settings of hedging, and how their several spellings are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = [
    "MODES",
    "MODE_WORDS",
    "HedgingSettings",
    "Mode",
    "parse_mode",
    "parse_names",
    "parse_shadow",
    "parse_shares",
]

MODES = ("off", "race", "adaptive", "failover")
MODE_WORDS = "off, race, adaptive, failover or a fixed delay as { delay_ms = 150 }"

Mode: TypeAlias = str | Mapping[str, int]
"""One of `MODES`, or `{"delay_ms": 150}`."""

_LONGEST_DELAY_MS = 10_000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class HedgingSettings:
    percentile: float = field(
        default=90.0,
        metadata={
            "help": "adaptive: the backup is asked when the primary is later than at this "
            "percentile of its own times",
            "minimum": 50.0,
            "maximum": 99.9,
        },
    )
    least_delay_ms: int = field(
        default=30,
        metadata={"help": "adaptive: never sooner than this", "minimum": 1, "maximum": 10_000},
    )
    most_delay_ms: int = field(
        default=800,
        metadata={"help": "adaptive: never later than this", "minimum": 1, "maximum": 10_000},
    )
    extra_percent: float | None = field(
        default=None,
        metadata={
            "help": "how many extra requests there may be in percent of the others; unless it is "
            "set 10, and for a race as many as it takes",
            "minimum": 0.0,
            "maximum": 1000.0,
            "user_only": True,
        },
    )
    daily_requests: int = field(
        default=0,
        metadata={
            "help": "the most extra requests of a day (UTC); 0: no limit",
            "minimum": 0,
            "maximum": 10_000_000,
            "user_only": True,
        },
    )
    daily_usd: float = field(
        default=0.0,
        metadata={
            "help": "the most that a day's extra requests may cost by the catalogue's prices, in "
            "USD; 0: no limit",
            "minimum": 0.0,
            "maximum": 100_000.0,
            "user_only": True,
        },
    )
    let_run_percent: float = field(
        default=5.0,
        metadata={
            "help": "how many of those that lost are read to their first usable text all the "
            "same, to learn when it would have come; 0: none",
            "minimum": 0.0,
            "maximum": 100.0,
            "user_only": True,
        },
    )
    shadow_percent: float = field(
        default=2.0,
        metadata={
            "help": "for how many keystrokes a backup starts at once, to learn how long both take "
            "in the same moment; 0: for none",
            "minimum": 0.0,
            "maximum": 100.0,
            "user_only": True,
        },
    )


def parse_mode(value: Any) -> Mode:
    """:raises ValueError: it is none of `MODE_WORDS`"""
    if isinstance(value, str) and value in MODES:
        return value
    if isinstance(value, Mapping) and [*value] == ["delay_ms"]:
        delay_ms = value["delay_ms"]
        if type(delay_ms) is int and 0 <= delay_ms <= _LONGEST_DELAY_MS:
            return {"delay_ms": delay_ms} if delay_ms else "race"
    raise ValueError(f"no mode: {type(value).__name__}")


def parse_names(value: Any) -> tuple[str, ...]:
    """Read one name or a list of them.

    :raises ValueError: it is something else
    """
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(map(_is_name, names)):
        raise ValueError(f"no names: {type(value).__name__}")
    return tuple(dict.fromkeys(names))


def parse_shares(value: Any) -> Mapping[str, float]:
    """Read shares between 0 and 1, which sum up to 1 at most, by name.

    :raises ValueError: it is something else
    """
    if value == []:  # Lua has one empty table, and Neovim encodes it as a list
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"no shares: {type(value).__name__}")  # noqa: TRY004 - a wrong setting
    for name, share in value.items():
        if not _is_name(name) or type(share) not in (int, float) or not 0 <= share <= 1:
            raise ValueError("no share")
    if sum(value.values()) > 1:
        raise ValueError("shares of more than all")
    return {name: float(share) for name, share in value.items() if share}


def parse_shadow(value: Any) -> Mapping[str, float]:
    """Read a name, which stands for all keystrokes, or shares.

    :raises ValueError: it is something else
    """
    if isinstance(value, str):
        return {value: 1.0} if value else {}
    return parse_shares(value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME
