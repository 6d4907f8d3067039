"""The words of the open documents: their numbers, and where each was indexed."""

from __future__ import annotations

from ghostlap.providers.local.lexer import shape_of, split_space
from ghostlap.providers.local.query import unknown_token
from ghostlap.providers.local.words import FIRST_WORD, shape_code

__all__ = ["Vocabulary"]


class Vocabulary:
    """Words are only ever added."""

    def __init__(self) -> None:
        self.words: list[str] = [""] * FIRST_WORD
        self.shapes = bytearray(FIRST_WORD)
        self.seen: list[list[int]] = [[] for _ in range(FIRST_WORD)]
        """The positions at which each word was indexed, in that order."""
        self._numbers: dict[str, int] = {}
        self._beginning: dict[str, list[int]] = {}
        """Words by their first character."""
        self._narrowed: tuple[str, list[int]] = ("", [])
        """The words that begin as the last half-typed one did."""

    def number(self, word: str) -> int:
        """Return a word's number, -1 if there is no such word."""
        return self._numbers.get(word, -1)

    def numbered(self, word: str, space: int) -> tuple[int, int]:
        """Return the token and the shape code of a word, known or not."""
        number = self._numbers.get(word)
        if number is None:
            return unknown_token(word, space)
        token = 2 * number + space
        return token, shape_code(token, self.shapes[number])

    def intern(self, part: str) -> int:
        """Return the token of a piece, which may be new."""
        word, space = split_space(part)
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = len(self.words)
            self.words.append(word)
            self.shapes.append(shape_of(word))
            self.seen.append([])
            self._beginning.setdefault(word[0], []).append(number)
            self._narrowed = ("", [])
        return 2 * number + space

    def beginning_so(self, typed: str) -> list[int]:
        """Return the words that begin as `typed` does, which are among those of a letter ago."""
        before, among = self._narrowed
        if not before or not typed.startswith(before):
            among = self._beginning.get(typed[:1], [])
        words, seen = self.words, self.seen
        fitting = [each for each in among if words[each].startswith(typed) and seen[each]]
        self._narrowed = typed, fitting
        return fitting
