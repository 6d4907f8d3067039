"""Keystrokes of a store as numpy columns, and their groups: a million in a second or so.

One pass over the table, a handful of whole numbers per row, packed: fetching costs more than
counting does. SQLite writes each session's values of a column into one text, which numpy reads: of
a million rows of five columns that takes 0.9 s of CPU, a Python tuple per row 1.9 s; and as it is
done by SQLite alone, a second thread can read one half of a large file, in 0.6 s instead of 1.1 s.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
import numpy.typing as npt

from ghostlap.telemetry._trace import Outcome, Source, Stage
from ghostlap.telemetry._twin import Twin

__all__ = [
    "GROUPINGS",
    "Columns",
    "GroupKey",
    "Ints",
    "first_of_the_latest",
    "label_numbers",
    "read_columns",
    "read_rollable",
]

Ints = npt.NDArray[np.int64]

_QUARTER_NS = 900_000_000_000  # every time zone's day begins on one
_NOT_OWN = (Source.CACHE, Source.RECYCLED, Source.SPECULATED)

_KEYS = {
    "provider": ("provider", "NULL"),
    "model": ("provider", "model"),
    "hardware": ("hardware", "provider"),
    "language": ("language", "NULL"),
    "file-type": ("file_type", "NULL"),
    "day": (f"at_unix_ns / {_QUARTER_NS}", "NULL"),
}

GROUPINGS = tuple(_KEYS)
"""What keystrokes can be grouped by."""

_FIELDS = ("key", "flags", "latency", "cost_low", "cost_high")
_ROLLUP_FIELDS = ("hour", "provider", "model", "hardware", "language", "file_type", "simulated")
_SMALL = "simulated + 2 * coalesce(cold, 2) + 8 * coalesce(origin, 15) + 128 * accepted"
_SMALL_BITS = 8
_KEY_BITS = 31  # of what a key has in second place
_LABEL_BITS = 10
"""What a label's number may take for a key and the flags to fit into one number, which takes a
quarter off the reading. That leaves 25 bits: a quarter of an hour of any clock takes 24."""
_VALUES = (
    f"{_SMALL} + (coalesce(outcome, 0) << 8) + (coalesce(source, 0) << 32)",
    "coalesce(usable_ns, -1)",
    "coalesce(cost_low_nusd, -1)",
    "coalesce(cost_high_nusd, -1)",
)
_SINCE = " AND at_unix_ns >= :since_unix_ns"
_SESSION = " AND session = (SELECT id FROM session WHERE uuid = :session)"
_ROLLABLE = f"""
    SELECT 0, {", ".join(_VALUES)}, at_unix_ns / 3600000000000,
        coalesce(provider, 0), coalesce(model, 0), coalesce(hardware, 0),
        coalesce(language, 0), coalesce(file_type, 0), simulated
    FROM keystroke WHERE session = ? AND at_unix_ns < ?
"""  # noqa: S608 - made of the text above


@dataclass(frozen=True, slots=True)
class GroupKey:
    name: str
    simulated: bool


class Columns:
    """Keystrokes as columns of one length."""

    def __init__(
        self, rows: npt.NDArray[np.void] | Mapping[str, Ints], numbers: Mapping[str, int]
    ) -> None:
        self.key: Ints = rows["key"]
        flags: Ints = rows["flags"]
        self.simulated = (flags & 1).astype(bool)
        self.cold = (flags >> 1) & 3 == 1
        self.origin = (flags >> 3) & 15
        self.accepted = (flags >> 7) & 1 == 1
        self._outcome = (flags >> 8) & 0xFFFFFF
        self._source = flags >> 32
        self._numbers = numbers
        self.latency_ns: Ints = np.where(self.origin <= Stage.REQUEST_RECEIVED, rows["latency"], -1)
        """From its arrival until a usable text was there; -1: there was none, or no arrival."""
        self.cost_low: Ints = rows["cost_low"]
        self.cost_high: Ints = rows["cost_high"]
        self.cached = _is_any(self._source, [numbers.get(each, -1) for each in _NOT_OWN])
        """Answered with a text that was asked for another keystroke."""

    def __len__(self) -> int:
        return len(self.key)

    def ended(self, *outcomes: Outcome) -> npt.NDArray[np.bool_]:
        return _is_any(self._outcome, [self._numbers.get(each, -1) for each in outcomes])

    def groups(
        self, by: str, texts: Mapping[int, str], hardware: Mapping[str, str]
    ) -> tuple[list[GroupKey], Ints]:
        """The groups there are, and each keystroke's place in that list."""
        unnamed = (self.key >> 31 == 0) & self.cached
        codes = (self.key << 2) | (unnamed.astype(np.int64) << 1) | self.simulated
        distinct, inverse = np.unique(codes, return_inverse=True)
        names = [_name(int(code), by, texts, hardware) for code in distinct]
        keys = list(dict.fromkeys(names))  # several quarters make one day
        places = np.array([keys.index(name) for name in names], dtype=np.int64)
        return keys, places[inverse] if len(places) else inverse


def read_columns(
    connection: sqlite3.Connection,
    by: str,
    *,
    since_unix_ms: int | None = None,
    session: str | None = None,
    helper: Twin | None = None,
) -> Columns:
    """Read the keystrokes there are, with what they are to be grouped by.

    A `helper` reads the later half of the sessions meanwhile.
    """
    reading = partial(_read, by=by, since_unix_ms=since_unix_ms, session=session)
    if helper is None:
        parts = reading(connection)
    else:
        ids = [number for (number,) in connection.execute("SELECT id FROM session ORDER BY id")]
        middle = ids[len(ids) // 2] if ids else 0
        later = helper.start(partial(reading, first=middle))
        parts = [*reading(connection, end=middle), *later.result()]
    fields = [np.concatenate(each) for each in zip(*parts, strict=True)]
    fields = fields or [np.empty(0, dtype=np.int64)] * len(_FIELDS)
    return Columns(dict(zip(_FIELDS, fields, strict=True)), label_numbers(connection))


def _read(
    connection: sqlite3.Connection,
    *,
    by: str,
    since_unix_ms: int | None,
    session: str | None,
    first: int | None = None,
    end: int | None = None,
) -> list[list[Ints]]:
    """The fields of each session, from the session `first` on and before the session `end`."""
    key, subkey = _KEYS[by]
    values = {
        "since_unix_ns": min((since_unix_ms or 0) * 1_000_000, (1 << 63) - 1),
        "session": session,
        "first": first,
        "end": end,
    }
    where = "TRUE"
    where += _SINCE if since_unix_ms else ""  # each row would ask, a million times
    where += _SESSION if session is not None else ""
    where += " AND session >= :first" if first is not None else ""
    where += " AND session < :end" if end is not None else ""
    columns: tuple[str, ...] = (
        f"(coalesce({key}, 0) << {_KEY_BITS}) | coalesce({subkey}, 0)",
        *_VALUES,
    )
    (labels,) = connection.execute("SELECT coalesce(max(id), 0) FROM label").fetchone()
    fits = labels < 1 << _LABEL_BITS
    if fits:
        columns = (_in_one(key, subkey), *_VALUES[1:])
    texts = ", ".join(f"group_concat({column})" for column in columns)
    query = f"SELECT {texts} FROM keystroke WHERE {where} GROUP BY session"  # noqa: S608 - made of the text above
    parts = [_numbers(row) for row in connection.execute(query, values)]
    return [[*_pair_of(first), *rest] for first, *rest in parts] if fits else parts


def _in_one(key: str, subkey: str) -> str:
    """A key and the flags as one number, of which `_pair_of` makes both again."""
    fields = ("outcome", "source", subkey, key)
    shifted = (
        f"(coalesce({field}, 0) << {_SMALL_BITS + place * _LABEL_BITS})"
        for place, field in enumerate(fields)
    )
    return " + ".join([_SMALL, *shifted])


def _pair_of(packed: Ints) -> tuple[Ints, Ints]:
    label = (1 << _LABEL_BITS) - 1
    flags = packed & ((1 << (_SMALL_BITS + _LABEL_BITS)) - 1)
    rest = packed >> (_SMALL_BITS + _LABEL_BITS)
    flags |= (rest & label) << 32
    rest >>= _LABEL_BITS
    return (rest >> _LABEL_BITS) << _KEY_BITS | (rest & label), flags


def _numbers(texts: Sequence[str]) -> list[Ints]:
    """What SQLite wrote with commas between: whole numbers, none of them NULL, which it leaves out.

    Within a query all columns' values are in one order of rows.
    """
    return [np.fromstring(text, dtype=np.int64, sep=",") for text in texts]


def read_rollable(
    connection: sqlite3.Connection, session: int, before_unix_ns: int
) -> npt.NDArray[np.void]:
    """A session's keystrokes before then, with what rollups are kept by: rows for `Columns`."""
    rows = connection.execute(_ROLLABLE, (session, before_unix_ns))
    kinds = np.dtype([(name, np.int64) for name in (*_FIELDS, *_ROLLUP_FIELDS)])
    return np.fromiter(rows, dtype=kinds)


def first_of_the_latest(connection: sqlite3.Connection, keystrokes: int) -> int:
    """The session from which on there are so many keystrokes, or a few more; 0: there are fewer.

    What needs each attempt or event by itself is read no further back, to stay within a second.
    """
    found = 0
    for (session,) in connection.execute("SELECT id FROM session ORDER BY id DESC").fetchall():
        query = "SELECT count(*) FROM keystroke WHERE session = ?"
        found += int(connection.execute(query, (session,)).fetchone()[0])
        if found >= keystrokes:
            return int(session)
    return 0


def _is_any(values: Ints, numbers: Sequence[int]) -> npt.NDArray[np.bool_]:
    """As `np.isin`, which takes longer than the two or three comparisons that are needed here."""
    found = np.zeros(len(values), dtype=bool)
    for number in numbers:
        found |= values == number
    return found


def label_numbers(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT text, id FROM label"))


def _name(code: int, by: str, texts: Mapping[int, str], hardware: Mapping[str, str]) -> GroupKey:
    simulated, unnamed = bool(code & 1), bool(code & 2)
    key, subkey = code >> 33, (code >> 2) & 0x7FFFFFFF
    if by == "day":
        return GroupKey(f"{datetime.fromtimestamp(key * 900):%Y-%m-%d}", simulated)  # noqa: DTZ006 - the user's day
    if by == "hardware":
        known = texts.get(key) or hardware.get(texts.get(subkey, ""), "")
        return GroupKey(known or ("cache" if unnamed and not subkey else ""), simulated)
    if unnamed and by in ("provider", "model"):
        return GroupKey("cache", simulated)
    name = texts.get(key, "")
    return GroupKey(f"{name}/{texts[subkey]}" if subkey else name, simulated)
