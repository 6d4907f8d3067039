"""LSP characters to code points of a line, and back (LSP 3.18, Position)."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["PositionEncoding", "character_at", "choose_encoding", "index_at"]


class PositionEncoding(StrEnum):
    """What the `character` of an LSP position counts, by its name in the protocol."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    UTF_32 = "utf-32"


def choose_encoding(offered: object) -> PositionEncoding:
    """The first of the client's `general.positionEncodings` that is known.

    UTF-16 when there is none, as the protocol has it. Editors put their own encoding first.
    """
    for name in offered if isinstance(offered, list) else ():
        for encoding in PositionEncoding:
            if name == encoding:
                return encoding
    return PositionEncoding.UTF_16


def index_at(text: str, character: int, encoding: PositionEncoding) -> int:
    """The code point of `text` that `character` stands before.

    Past the end means the end; inside a code point means before it.
    """
    head = text[: max(character, 0)]  # no code point is shorter than one unit
    if head.isascii() or encoding == PositionEncoding.UTF_32:
        return len(head)
    if encoding == PositionEncoding.UTF_8:
        return _utf8_index(head, character)
    return _utf16_index(head, character)


def character_at(text: str, index: int, encoding: PositionEncoding) -> int:
    """The LSP character of the position before the code point `index` of `text`."""
    head = text[:index]
    if head.isascii() or encoding == PositionEncoding.UTF_32:
        return len(head)
    if encoding == PositionEncoding.UTF_8:
        return len(head.encode("utf-8", "surrogatepass"))
    return len(head.encode("utf-16-le", "surrogatepass")) // 2


def _utf8_index(head: str, character: int) -> int:
    data = head.encode("utf-8", "surrogatepass")
    if character >= len(data):
        return len(head)
    while data[character] & 0xC0 == 0x80:  # a continuation byte, so never the first
        character -= 1
    return len(data[:character].decode("utf-8", "surrogatepass"))


def _utf16_index(head: str, character: int) -> int:
    data = head.encode("utf-16-le", "surrogatepass")
    at = 2 * character
    if at >= len(data):
        return len(head)
    if data[at + 1] & 0xFC == 0xDC and data[at - 1] & 0xFC == 0xD8:  # between a pair
        at -= 2
    return len(data[:at].decode("utf-16-le", "surrogatepass"))
