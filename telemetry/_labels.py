"""Names and enumerations as numbers: a served keystroke spells out fifteen of them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable

__all__ = ["Labeller", "Labels", "safe_label"]

Labeller = Callable[[str], int | None]
"""Gives a text its number in the table `label`; None for an empty text."""

_LENGTH = 80


class Labels:
    """Numbers given out so far, through one connection."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, connection: sqlite3.Connection, text: str) -> int | None:
        """The number of `text`, which is entered within the present transaction if it is new."""
        if not text:
            return None
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = _enter(connection, safe_label(text))
        return number

    def forget(self) -> None:
        """Forget them all: the transaction that entered some of them may have been undone."""
        self._numbers.clear()


def safe_label(text: str) -> str:
    """`text` without what must not be stored: a model may be named by the path of its file."""
    if re.match(r"(file:|[A-Za-z]:)?[\\/]|~", text):
        text = re.split(r"[\\/]", text)[-1]
    return text[:_LENGTH]


def _enter(connection: sqlite3.Connection, text: str) -> int:
    connection.execute("INSERT OR IGNORE INTO label (text) VALUES (?)", (text,))
    (number,) = connection.execute("SELECT id FROM label WHERE text = ?", (text,)).fetchone()
    return int(number)
