"""Source code as a terminal shows it: coloured, numbered, with ghost text at the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from rich.syntax import Syntax
from rich.text import Text

from ghostlap.lsp_server.demo.material import Passage
from ghostlap.lsp_server.demo.typist import Ghost

__all__ = ["CodeView", "printable"]

_GHOST = "italic bright_black"
_ACCEPTED = "underline"
_CURSOR = "reverse"
# A window that begins inside a text of several lines is coloured wrongly; few are longer.
_COLOURED_ABOVE = 300
_TAB = 4
_PICTURES = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    **dict.fromkeys(range(0x7F, 0xA0), 0xFFFD),
}


class CodeView:
    """A window of `rows` lines around the cursor, each cut to `width`."""

    def __init__(self, passage: Passage, *, rows: int, width: int) -> None:
        self._passage = passage
        self._rows = rows
        self._width = width
        path, language = passage.material.path, passage.material.language
        lexer = "text" if language == "plaintext" else Syntax.guess_lexer(str(path))
        # The terminal's own sixteen colours: they suit its background, light or dark.
        self._syntax = Syntax("", lexer, theme="ansi_dark", background_color="default")
        self._above = self._coloured(passage.before[-_COLOURED_ABOVE:])[-rows:]
        self._below = self._coloured(passage.after[:rows])
        for line in (*self._above, *self._below):
            line.expand_tabs(_TAB)
        self._digits = len(str(len(passage.material.lines)))

    def still(self) -> Text:
        """Return the code before anything is typed."""
        return self.typing(self._passage.indentation, (), None)

    def typing(self, typed: str, accepted: Sequence[range], ghost: Ghost | None) -> Text:
        """Return the code with what was typed, where the cursor is, and what is suggested."""
        lines = self._coloured(typed.split("\n"))
        _underline(lines, accepted)
        cursor_row = len(self._above) + len(lines) - 1
        _put_cursor(lines, ghost.text if ghost else "")
        for line in lines:
            line.expand_tabs(_TAB)
        rows = [*self._above, *lines, *self._below]
        first = max(0, min(cursor_row - self._rows * 2 // 3, len(rows) - self._rows))
        number = self._passage.start - len(self._above) + first + 1
        shown = Text(no_wrap=True, overflow="crop")
        for offset, row in enumerate(rows[first : first + self._rows]):
            is_cursor = first + offset == cursor_row
            line = Text.assemble(
                (f"{number + offset:>{self._digits}} ", "bold" if is_cursor else "dim"),
                ("│ ", "dim"),
            )
            line.append_text(row)
            line.truncate(self._width, overflow="ellipsis")
            shown.append_text(line)
            shown.append("\n")
        shown.right_crop(1)
        return shown

    def _coloured(self, lines: Sequence[str]) -> list[Text]:
        if not lines:
            return []
        text = self._syntax.highlight(printable("\n".join(lines)))
        return list(text.split("\n", allow_blank=True))[: len(lines)]


def printable(code: str) -> str:
    """Return code with pictures of its control characters, which a terminal would obey."""
    return code.translate(_PICTURES)


def _underline(lines: Sequence[Text], accepted: Sequence[range]) -> None:
    start = 0
    for line in lines:
        stop = start + len(line.plain)
        for span in accepted:
            if span.start < stop and span.stop > start:
                line.stylize(_ACCEPTED, max(span.start - start, 0), span.stop - start)
        start = stop + 1


def _put_cursor(lines: list[Text], ghost: str) -> None:
    """Draw the cursor behind the last line, over the first character of the ghost if any."""
    first, *others = printable(ghost).split("\n")
    lines[-1].append(first[:1] or " ", f"{_CURSOR} {_GHOST}" if first else _CURSOR)
    lines[-1].append(first[1:], _GHOST)
    lines.extend(Text(other, _GHOST) for other in others)
