"""What a model says around its code, taken off while it streams.

A filter is fed the pieces as they arrive and gives back what is certainly wanted; what may yet turn
out to be a special token, a fence or an echo is held back until it is decided. The pieces that come
out, joined, do not depend on how the text was cut into pieces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

__all__ = ["ChatAnswer", "SpecialTokens", "TextFilter"]


class TextFilter(Protocol):
    done: bool
    """True once nothing more will come out, whatever is fed: the stream can be closed."""

    def feed(self, piece: str) -> str: ...

    def finish(self) -> str:
        """Give back what was held, now that nothing follows."""
        ...


class SpecialTokens:
    """Ends the text at the first special token, also one that is split over two pieces."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.done = False
        self._tokens = tuple(tokens)
        self._held = ""

    def feed(self, piece: str) -> str:
        if self.done:
            return ""
        text = self._held + piece
        cut = min((at for token in self._tokens if (at := text.find(token)) >= 0), default=-1)
        if cut >= 0:
            self.done, self._held = True, ""
            return text[:cut]
        keep = _undecided_tail(text, self._tokens)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def finish(self) -> str:
        held, self._held, self.done = self._held, "", True
        return held


def _undecided_tail(text: str, tokens: tuple[str, ...]) -> int:
    """Return how many characters at the end of `text` may be the beginning of a token."""
    longest = 0
    for token in tokens:
        for length in range(min(len(token) - 1, len(text)), longest, -1):
            if text.endswith(token[:length]):
                longest = length
                break
    return longest


_THINK_OPEN, _THINK_CLOSE = "<think>", "</think>"
_FENCE = "```"
_FENCE_LINE = re.compile(r"```[\w+#.-]*[ \t]*\r?\n")
_FENCE_LINE_PREFIX = re.compile(r"`{1,2}|```[\w+#.-]*[ \t]*\r?")


class ChatAnswer:
    """Strips reasoning in tags, a code fence, and an echo of what stands before the cursor.

    The echo is the cursor's line up to the cursor: models without prefill like to begin with it.
    A line of white space alone is no echo, and neither is a single character.
    """

    def __init__(self, line_prefix: str) -> None:
        self.done = False
        self._echo = line_prefix.lstrip()
        self._held = ""
        self._begun = False
        self._thought = False
        self._fenced = False
        self._at_line_start = True

    def feed(self, piece: str) -> str:
        if self.done:
            return ""
        self._held += piece
        if not self._begun and not self._begin(finished=False):
            return ""
        return self._body()

    def finish(self) -> str:
        if self.done:
            return ""
        if not self._begun:
            self._begin(finished=True)
        text = self._body()
        if not self.done:
            text += self._rest()
        self.done = True
        return text

    def _begin(self, *, finished: bool) -> bool:
        """Take off what precedes the code; False while that can't be told yet."""
        if not self._drop_thinking(finished=finished) or not self._drop_fence(finished=finished):
            return False
        if not self._drop_echo(finished=finished):
            return False
        self._begun = True
        return True

    def _drop_thinking(self, *, finished: bool) -> bool:
        text = self._held.lstrip()
        if text.startswith(_THINK_OPEN):
            end = text.find(_THINK_CLOSE)
            if end < 0:
                if finished:
                    self._held = ""
                return finished
            self._held = text[end + len(_THINK_CLOSE) :]
            self._thought = True
        if self._thought:
            self._held = self._held.lstrip("\r\n")
            return True
        return finished or not (text and _THINK_OPEN.startswith(text))

    def _drop_fence(self, *, finished: bool) -> bool:
        if self._fenced:
            return True
        text = self._held.lstrip()
        if match := _FENCE_LINE.match(text):
            self._held = text[match.end() :]
            self._fenced = True
            return True
        if finished:
            return True
        return bool(text) and not _FENCE_LINE_PREFIX.fullmatch(text)

    def _drop_echo(self, *, finished: bool) -> bool:
        if len(self._echo) <= 1:
            return True
        text = self._held.lstrip(" \t")
        if text.startswith(self._echo):
            self._held = text[len(self._echo) :]
            return True
        return finished or not self._echo.startswith(text)

    def _body(self) -> str:
        """Give back what is held, up to the closing fence if the answer was fenced."""
        if not self._fenced:
            return self._rest()
        end = self._closing_fence()
        if end >= 0:
            self.done = True
            self._held = self._held[:end]
            return self._rest()
        if self._at_line_start and _FENCE.startswith(self._held):
            return ""
        self._at_line_start = False
        keep = _undecided_tail(self._held, ("\r\n" + _FENCE, "\n" + _FENCE))
        decided = len(self._held) - keep
        text, self._held = self._held[:decided], self._held[decided:]
        return text

    def _closing_fence(self) -> int:
        """Return where the line end before the closing fence stands, -1 without one."""
        if self._at_line_start and self._held.startswith(_FENCE):
            return 0
        at = self._held.find("\n" + _FENCE)
        return at - 1 if at > 0 and self._held[at - 1] == "\r" else at

    def _rest(self) -> str:
        text, self._held = self._held, ""
        return text
