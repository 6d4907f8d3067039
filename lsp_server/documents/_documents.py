"""The open documents, as the editor has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ghostlap.lsp_server.documents.positions import PositionEncoding, character_at, index_at
from ghostlap.lsp_server.documents.windows import window_after, window_before

__all__ = ["Document", "DocumentNotOpen", "Documents", "InvalidParams", "LineEdit", "Snapshot"]

# One line and its end. Not `str.splitlines`: it also splits at form feeds, U+2028 and the like,
# which no editor counts as lines.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")
_SURROGATE = re.compile("[\ud800-\udfff]")

# About 100 lines of code, 1,000 tokens; taking it costs some 15 µs, however long the file is.
_PREFIX_CHARS = 4_000
_SUFFIX_CHARS = 1_000


class DocumentNotOpen(LookupError):
    """The client speaks of a document that it has not opened, or has closed."""

    def __init__(self) -> None:
        super().__init__("The document is not open.")  # its name would be a path in a log


class InvalidParams(ValueError):
    """A position or change is not of the shape that LSP gives it. Nothing was changed."""


class LineEdit(NamedTuple):
    """Lines `start` (inclusive) to `stop` (exclusive) were replaced by `lines`, without ends."""

    start: int
    stop: int
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The text around one position, as it was when it was taken."""

    uri: str
    language: str
    version: int
    line: int
    """Counted from 0, as in LSP."""
    prefix: str
    """Before the cursor, from a line start on unless the cursor's line alone fills the window."""
    suffix: str
    """After the cursor, by whole lines with their ends unless the first alone fills the window."""
    line_prefix: str
    line_suffix: str
    """Without the line's end."""
    newline: str
    """The line end in use around the cursor."""
    encoding: PositionEncoding

    def position_of(self, column: int) -> dict[str, int]:
        """The LSP position of a code point of the cursor's line."""
        text = self.line_prefix + self.line_suffix
        return {"line": self.line, "character": character_at(text, column, self.encoding)}


class _Change(NamedTuple):
    """A checked contentChange; `start` is None when `text` is the whole document."""

    text: str
    start: tuple[int, int] | None
    end: tuple[int, int]


class Document:
    """One open text, kept as its lines. A line ends at LF, CRLF or CR and at nothing else."""

    __slots__ = ("_encoding", "_lines", "language", "uri", "version")

    def __init__(
        self,
        uri: str,
        text: str,
        *,
        language: str = "plaintext",
        version: int = 0,
        encoding: PositionEncoding = PositionEncoding.UTF_16,
    ) -> None:
        self.uri = uri
        self.language = language
        self.version = version
        self._encoding = encoding
        self._lines = _split(text)
        """With their ends. The last one has none, and may be empty."""

    @property
    def text(self) -> str:
        return "".join(self._lines)

    @property
    def line_count(self) -> int:
        return len(self._lines)

    def line(self, number: int) -> str:
        """One line without its end."""
        return _content(self._lines[number])

    @property
    def size(self) -> int:
        """How many code points there are. Costs a look at each line."""
        return sum(map(len, self._lines))

    def head(self, count: int = 200) -> list[str]:
        """A copy of the first lines, without their ends."""
        return [_content(line) for line in self._lines[:count]]

    def lines(self) -> list[str]:
        """A copy of all lines, without their ends."""
        return [_content(line) for line in self._lines]

    def apply(self, changes: Sequence[Mapping[str, Any]]) -> list[LineEdit]:
        """Apply the `contentChanges` of a didChange and say which lines they replaced.

        Each edit counts lines as the edits before it have left them. Raises InvalidParams, and then
        has applied none of the changes.
        """
        return [self._apply(change) for change in [_check_change(change) for change in changes]]

    def snapshot(
        self,
        position: Mapping[str, Any],
        *,
        prefix_chars: int = _PREFIX_CHARS,
        suffix_chars: int = _SUFFIX_CHARS,
    ) -> Snapshot:
        """The text around an LSP position, in windows of at most so many code points."""
        number, index = self._locate(_check_position(position))
        line = self._lines[number]
        content = _content(line)
        line_prefix = line[:index]
        return Snapshot(
            uri=self.uri,
            language=self.language,
            version=self.version,
            line=number,
            prefix=window_before(self._lines, number, line_prefix, prefix_chars),
            suffix=window_after(self._lines, number, line[index:], suffix_chars),
            line_prefix=line_prefix,
            line_suffix=content[index:],
            newline=line[len(content) :] or self._line_end_above(number) or "\n",
            encoding=self._encoding,
        )

    def _locate(self, position: tuple[int, int]) -> tuple[int, int]:
        """The line and its code point, never behind the line's end."""
        number, character = position
        if number >= len(self._lines):
            return len(self._lines) - 1, len(self._lines[-1])
        if number < 0:
            return 0, 0
        return number, index_at(_content(self._lines[number]), character, self._encoding)

    def _apply(self, change: _Change) -> LineEdit:
        if change.start is None:
            return self._replace_all(change.text)
        lines = self._lines
        first, start_index = self._locate(change.start)
        last, end_index = first, start_index
        if change.end != change.start:
            last, end_index = self._locate(change.end)
            if (last, end_index) < (first, start_index):
                first, start_index, last, end_index = last, end_index, first, start_index
        text = lines[first][:start_index] + change.text + lines[last][end_index:]
        if first == last and _is_plain(change.text) and text.isascii() and text[:1] != "\n":
            lines[first] = text
            return LineEdit(first, first + 1, [_content(text)])
        if text.startswith("\n") and first and lines[first - 1].endswith("\r"):
            first -= 1  # CR and LF have met: they end one line now
            text = lines[first] + text
        new = _split(text)
        if last + 1 < len(lines):
            new.pop()  # `text` brought the end of line `last` with it, so nothing stands behind
        lines[first : last + 1] = new
        return LineEdit(first, last + 1, [_content(line) for line in new])

    def _replace_all(self, text: str) -> LineEdit:
        """Editors that always send the whole text change few lines of it: only these count."""
        old, new = self._lines, _split(text)
        self._lines = new
        shorter = min(len(old), len(new))
        start = 0
        while start < shorter and old[start] == new[start]:
            start += 1
        same = 0
        while same < shorter - start and old[-1 - same] == new[-1 - same]:
            same += 1
        changed = [_content(line) for line in new[start : len(new) - same]]
        return LineEdit(start, len(old) - same, changed)

    def _line_end_above(self, number: int) -> str:
        if not number:
            return ""
        line = self._lines[number - 1]
        return line[len(_content(line)) :]


class Documents:
    """The documents that the client has open. Used from one event loop alone."""

    def __init__(self, encoding: PositionEncoding = PositionEncoding.UTF_16) -> None:
        self.encoding = encoding
        """Settled by `initialize`, before the first document is opened."""
        self.prefix_chars = _PREFIX_CHARS
        self.suffix_chars = _SUFFIX_CHARS
        self._by_uri: dict[str, Document] = {}

    def open(
        self, uri: str, text: str, *, language: str = "plaintext", version: int = 0
    ) -> Document:
        """Add a document. One that was open under this URI is replaced."""
        document = Document(uri, text, language=language, version=version, encoding=self.encoding)
        self._by_uri[uri] = document
        return document

    def change(
        self, uri: str, changes: Sequence[Mapping[str, Any]], *, version: int | None = None
    ) -> list[LineEdit]:
        """Apply a didChange. Raises DocumentNotOpen and InvalidParams, and then changes nothing."""
        document = self[uri]
        edits = document.apply(changes)
        if version is not None:
            document.version = version
        return edits

    def snapshot(self, uri: str, position: Mapping[str, Any]) -> Snapshot:
        """The text around a position, in windows of the size that the provider is to see.

        Raises DocumentNotOpen and InvalidParams.
        """
        return self[uri].snapshot(
            position, prefix_chars=self.prefix_chars, suffix_chars=self.suffix_chars
        )

    def close(self, uri: str) -> None:
        """Forget a document. Raises DocumentNotOpen."""
        if self._by_uri.pop(uri, None) is None:
            raise DocumentNotOpen

    def get(self, uri: str) -> Document | None:
        return self._by_uri.get(uri)

    def __getitem__(self, uri: str) -> Document:
        try:
            return self._by_uri[uri]
        except KeyError:
            raise DocumentNotOpen from None

    def __contains__(self, uri: object) -> bool:
        return uri in self._by_uri

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._by_uri.values()))

    def __len__(self) -> int:
        return len(self._by_uri)


def _split(text: str) -> list[str]:
    """The lines of `text` with their ends, and what stands behind the last end."""
    if not text.isascii() and _SURROGATE.search(text):
        text = _pair_surrogates(text)
    behind_last = max(text.rfind("\n"), text.rfind("\r")) + 1
    if not behind_last:
        return [text]
    lines = _LINE.findall(text, 0, behind_last)
    lines.append(text[behind_last:])
    return lines


def _is_plain(text: str) -> bool:
    return "\n" not in text and "\r" not in text


def _pair_surrogates(text: str) -> str:
    """Make one code point of two halves that met, as an editor counting in UTF-16 sees them."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _content(line: str) -> str:
    """A line without its end."""
    return line.rstrip("\r\n")


def _check_change(change: Mapping[str, Any]) -> _Change:
    try:
        text = change["text"]
        span = change.get("range")
        if span is None:
            checked = _Change(text, None, (0, 0))
        else:
            checked = _Change(text, _check_position(span["start"]), _check_position(span["end"]))
    except (AttributeError, LookupError, TypeError):
        raise InvalidParams("A content change lacks its text, or the ends of its range.") from None
    if not isinstance(text, str):
        raise InvalidParams("The text of a content change is not a string.")
    return checked


def _check_position(position: Mapping[str, Any]) -> tuple[int, int]:
    try:
        line, character = position["line"], position["character"]
    except (LookupError, TypeError):
        raise InvalidParams("A position lacks its line or its character.") from None
    if type(line) is not int or type(character) is not int:
        raise InvalidParams("The line or the character of a position is not an integer.")
    return line, character
