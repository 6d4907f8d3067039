"""What shaping knows of each language: comments, strings, and how a block opens and closes."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Language", "language"]


@dataclass(frozen=True, slots=True)
class Language:
    line_comments: tuple[str, ...] = ()
    block_comment: tuple[str, str] | None = None
    quotes: str = "\"'"
    """Characters that open and close a string on one line."""
    long_quotes: tuple[str, ...] = ()
    """Marks of strings that may span lines."""
    opens_block: re.Pattern[str] = re.compile(r"[{(\[]\s*$")
    """What ends a line behind which an indented block is to follow."""
    closing_word: re.Pattern[str] | None = None
    """A line that closes a block with a word rather than a bracket."""
    indents_by_tabs: bool = False
    """Whether a file that shows no indentation yet will have tabs, as gofmt has it."""
    single_quote_is_char: bool = False
    """A lone ' may stand for something else than a string: Rust's lifetimes, for one."""


_BRACKETS = r"[{(\[]\s*$"
_SLASHES = Language(line_comments=("//",), block_comment=("/*", "*/"))
_JS = Language(
    line_comments=("//",),
    block_comment=("/*", "*/"),
    long_quotes=("`",),
    opens_block=re.compile(r"(?:[{(\[]|=>)\s*$"),
)

_LANGUAGES: dict[str, Language] = {
    "python": Language(
        line_comments=("#",),
        long_quotes=('"""', "'''"),
        opens_block=re.compile(r"(?:[{(\[]|:)\s*(?:#.*)?$"),
    ),
    "javascript": _JS,
    "typescript": _JS,
    "go": Language(
        line_comments=("//",), block_comment=("/*", "*/"), long_quotes=("`",), indents_by_tabs=True
    ),
    "rust": Language(
        line_comments=("//",),
        block_comment=("/*", "*/"),
        opens_block=re.compile(r"(?:[{(\[]|=>)\s*$"),
        single_quote_is_char=True,
    ),
    "c-like": _SLASHES,
    "php": Language(line_comments=("//", "#"), block_comment=("/*", "*/")),
    "ruby": Language(
        line_comments=("#",),
        opens_block=re.compile(
            r"(?:[{(\[]|\bdo(?:\s*\|[^|]*\|)?|\bthen|\belse|\bbegin|\bensure)\s*$"
            r"|^\s*(?:def|class|module|if|unless|while|until|case|when|elsif|for|rescue)\b[^;]*$"
        ),
        closing_word=re.compile(r"\s*end\b"),
    ),
    "lua": Language(
        line_comments=("--",),
        block_comment=("--[[", "]]"),
        opens_block=re.compile(r"(?:[{(\[]|\bdo|\bthen|\belse|\brepeat|\bfunction\b[^)]*\))\s*$"),
        closing_word=re.compile(r"\s*(?:end|until)\b"),
    ),
    "shellscript": Language(
        line_comments=("#",),
        opens_block=re.compile(r"(?:[{(]|\bdo|\bthen|\belse|\bin)\s*$"),
        closing_word=re.compile(r"\s*(?:fi|done|esac|;;)(?:\s|$)"),
    ),
    "sql": Language(line_comments=("--",), block_comment=("/*", "*/")),
    "json": Language(quotes='"'),
    "yaml": Language(line_comments=("#",), opens_block=re.compile(r"[:{\[|>-]\s*$")),
    "toml": Language(line_comments=("#",), long_quotes=('"""', "'''")),
    "html": Language(
        block_comment=("<!--", "-->"),
        quotes='"',
        opens_block=re.compile(r"<[A-Za-z][^<>/]*>\s*$"),
        closing_word=re.compile(r"\s*</"),
    ),
    "css": Language(block_comment=("/*", "*/")),
    "plain": Language(quotes="", opens_block=re.compile(r"[{(\[:]\s*$")),
}

_ALIASES = {
    "javascriptreact": "javascript",
    "typescriptreact": "typescript",
    "jsonc": "json",
    "bash": "shellscript",
    "sh": "shellscript",
    "zsh": "shellscript",
    "scss": "css",
    "less": "css",
    "xml": "html",
    "vue": "html",
    "svelte": "html",
    **dict.fromkeys(
        ("c", "cpp", "csharp", "java", "kotlin", "swift", "scala", "dart", "objective-c", "cuda"),
        "c-like",
    ),
}


def language(language_id: str) -> Language:
    """Return what is known of an LSP `languageId`; brackets and nothing else where nothing is."""
    found = _LANGUAGES.get(_ALIASES.get(language_id, language_id))
    return found or _LANGUAGES["plain"]
