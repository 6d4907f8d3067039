"""What a grammar tells of the place where a completion goes in.

A window of at most 200 lines is parsed, and only when a question is asked that needs it.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from ghostlap.lsp_server.shaping._grammars import parser_for

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Syntax", "inside_at"]

_LINES_ABOVE = 120
_LINES_BELOW = 40  # and 40 lines of a completion between the two

_HOLDS_MANY = frozenset(
    {
        "block", "block_body", "block_mapping", "block_node", "block_sequence", "body_statement",
        "chunk", "class_body", "compilation_unit", "declaration_list", "document", "fragment",
        "module", "program", "source_file", "statement_list", "statements", "stream", "stylesheet",
        "translation_unit", "ERROR",
    }
)  # fmt: skip
"""Nodes that begin where the first of their statements does, in the grammars that we use."""


@lru_cache(maxsize=16)
def inside_at(language_id: str, prefix: str, suffix: str) -> str | None:
    """Return what a place is inside of; None: can't tell. The same place is asked about often.

    A window of 160 lines took 3 ms where the parser had to recover, and a comment is typed in forty
    keys: where it begins is the one place to ask about.
    """
    return Syntax(language_id, prefix, suffix).inside()


class Syntax:
    """Answers questions about one cursor; each answer may be None, for "can't tell"."""

    def __init__(self, language_id: str, prefix: str, suffix: str) -> None:
        self._language_id = language_id
        self._prefix = prefix
        self._suffix = suffix

    @cached_property
    def _above(self) -> bytes:
        lines = self._prefix.rsplit("\n", _LINES_ABOVE)[-_LINES_ABOVE:]
        return "\n".join(lines[_first_outer(lines) :]).encode()

    @cached_property
    def _below(self) -> bytes:
        return "\n".join(self._suffix.split("\n", _LINES_BELOW)[:_LINES_BELOW]).encode()

    def inside(self) -> str | None:
        """Return what the cursor is inside of: "" for code, "string" or "comment"."""
        root = self._parse(self._above + self._below)
        if root is None:
            return None
        at = len(self._above)
        node = root.descendant_for_byte_range(max(at - 1, 0), max(at - 1, 0))
        if node is None or _is_broken(node):
            return None
        return _inside(node, at)

    def is_same_statement(self, text: str) -> bool | None:
        """Tell whether the last line of `text`, put in at the cursor, goes on with its first."""
        root = self._parse(self._above + text.encode() + b"\n" + self._below)
        if root is None:
            return None
        line_start = self._above.rfind(b"\n") + 1
        source = self._above + text.encode()
        start = _first_code(source, line_start)
        last = _first_code(source, source.rfind(b"\n") + 1)
        node = root.descendant_for_byte_range(last, last + 1)
        while node is not None and node.start_byte > start:
            node = node.parent
        if node is None:
            return None
        return node.start_byte == start and node.type not in _HOLDS_MANY

    def _parse(self, source: bytes) -> Node | None:
        parser = parser_for(self._language_id)
        return parser.parse(source).root_node if parser else None


def _first_outer(lines: list[str]) -> int:
    """Return where to begin: a window that starts inside of something is parsed worse."""
    if len(lines) < _LINES_ABOVE:
        return 0
    for number, line in enumerate(lines[: _LINES_ABOVE // 2]):
        if line[:1].isalpha() or line[:1] in "@_$":
            return number
    return 0


def _first_code(source: bytes, start: int) -> int:
    rest = source[start:]
    return start + len(rest) - len(rest.lstrip())


def _is_broken(node: Node | None) -> bool:
    """Whether the parser lost its way around the node: its kind is then a guess."""
    while node is not None:
        if node.type == "ERROR" or node.is_missing:
            return True
        node = node.parent
    return False


def _inside(node: Node | None, at: int) -> str:
    while node is not None:
        kind = node.type
        if "interpolation" in kind or "substitution" in kind or "expansion" in kind:
            return ""
        if "comment" in kind:
            text = node.text or b""
            ends_itself = text.endswith((b"*/", b"-->", b"]]"))
            return "" if ends_itself and node.end_byte <= at else "comment"
        is_string = node.is_named and ("string" in kind or "heredoc" in kind)
        if is_string and node.start_byte < at < node.end_byte:
            return "string"
        node = node.parent
    return ""
