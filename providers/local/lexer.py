"""One regular expression for every language: text to pieces, pieces to words and shapes.

A piece is what is predicted at once. A single space before a word or an operator belongs to it,
and a line break takes the next line's indentation along, so that the pieces of a text concatenate
to the text. What a piece means to the index is its word (the piece without that space), the space,
and, for a line break, only how the indentation moves.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

__all__ = [
    "LINE_BREAK",
    "WORD_AT_END",
    "Shape",
    "indent_width",
    "is_word",
    "pieces",
    "shape_of",
    "split_space",
]

# Any letter, digit, underscore, dollar or non-ASCII character that is no space: identifiers of
# every language, and emoji in those that allow them.
_WORD_CHARACTER = r"[^\x00-#%-/:-@\[-^`{-\x7f\s]"
_OPERATORS = (
    r"\"\"\"|'''|\.\.\.|===|!==|\*\*=|//=|<<=|>>=|->|=>|==|!=|<=|>=|\+=|-=|\*=|/=|%=|&=|\|=|\^="
    r"|\*\*|//|/\*|\*/|&&|\|\||::|:=|\+\+|--|<<|>>|\?\.|\?\?|</|/>"
)
_PIECE = re.compile(
    r"(?:\r\n?|\n)[ \t]*"  # a line break with the next line's indentation
    rf"|[ ]?(?:[0-9]+\.[0-9]{_WORD_CHARACTER}*|{_WORD_CHARACTER}+|{_OPERATORS}|[^\s])"
    r"|[^\S\r\n]+(?=[ ]\S)"  # the last space of several belongs to what follows
    r"|[^\S\r\n]+"
)
LINE_BREAK = re.compile(r"\r\n?|\n")
WORD_AT_END = re.compile(rf"[ ]?{_WORD_CHARACTER}*\Z")
"""The piece that is being typed at the end of a text: half a word, the space before one, or ""."""
_TAB_WIDTH = 8
_SHAPES_KEPT = 20_000


class Shape(IntEnum):
    """What a word looks like when its letters are forgotten. Words of one shape may be re-bound."""

    ITSELF = 0
    """Operators, spaces and the words that languages reserve: nothing else is like them."""
    UPPER = 1
    CAMEL = 2
    LOWER = 3
    NUMBER = 4


# Reserved in one or another of the common languages, or as good as: they carry the structure of a
# line, so that forgetting which one it was costs more than it gains.
# fmt: off
_RESERVED = frozenset([
    "and", "as", "assert", "async", "await", "break", "case", "catch", "class", "const",
    "continue", "def", "default", "del", "delete", "do", "elif", "else", "enum", "except",
    "export", "extends", "extern", "false", "False", "final", "finally", "fn", "for", "foreach",
    "from", "func", "function", "global", "go", "if", "impl", "implements", "import", "in",
    "include", "instanceof", "interface", "is", "lambda", "let", "loop", "match", "mod", "mut",
    "namespace", "new", "nil", "None", "nonlocal", "not", "null", "nullptr", "of", "or",
    "package", "pass", "private", "protected", "pub", "public", "raise", "readonly", "ref",
    "return", "self", "Self", "static", "struct", "super", "switch", "template", "this", "throw",
    "throws", "trait", "true", "True", "try", "type", "typedef", "typeof", "undefined", "union",
    "unsafe", "use", "using", "var", "virtual", "void", "where", "while", "with", "yield",
])
# fmt: on


def pieces(text: str) -> list[str]:
    """Cut `text` into pieces that concatenate to it."""
    return _PIECE.findall(text)


def split_space(piece: str) -> tuple[str, int]:
    """The word of a piece that is no line break, and 1 if a space belongs to it, else 0."""
    if piece[0] == " " and not piece.isspace():
        return piece[1:], 1
    return piece, 0


@lru_cache(_SHAPES_KEPT)
def is_word(word: str) -> bool:
    """Whether `word`, a piece without its leading space, is an identifier, keyword or number."""
    character = word[0]
    return character.isalnum() or character in "_$" or (character > "\x7f" and not word.isspace())


@lru_cache(_SHAPES_KEPT)
def shape_of(word: str) -> Shape:
    if word in _RESERVED or not is_word(word):
        return Shape.ITSELF
    if word[0].isdigit():
        return Shape.NUMBER
    start = word.lstrip("_$")[:1]
    if not start.isupper():
        return Shape.LOWER
    return Shape.UPPER if len(word) > 1 and word.isupper() else Shape.CAMEL


def indent_width(line: str) -> int:
    """The column at which the line's text starts; a tab counts to the next multiple of eight."""
    width = 0
    for character in line:
        if character == " ":
            width += 1
        elif character == "\t":
            width += _TAB_WIDTH - width % _TAB_WIDTH
        else:
            break
    return width
