"""What shaping knows of each language: comments, strings, and how a block opens and closes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

__all__ = ["Language", "language"]


@dataclass(frozen=True, eq=False)  # told apart by identity: they are keys
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
    goes_on: re.Pattern[str] = re.compile(r"\s*[)\]}]*\s*(?:else|catch|finally)\b")
    """A line that belongs to the statement above it though it is indented no further."""
    outdented: re.Pattern[str] | None = None
    """A line inside a block that may be indented as little as the line that opens it."""
    announces: re.Pattern[str] | None = None
    """A line that says something of the next one, and is nothing without it."""
    lines_end_statements: bool = False
    """Whether a statement ends with its line unless a bracket is open; else `;` or `,` ends it."""
    literal: str = ""
    """A regular expression for what holds brackets and quotes that mean nothing, but for strings.
    """
    lone_closers: str = ""
    """Brackets that may close what nothing opened: those of a shell's `case`."""
    bodies_are_indented: bool = True
    """Whether what follows a line that opens a block is indented in any case."""
    indents_by_tabs: bool = False
    """Whether a file that shows no indentation yet will have tabs, as gofmt has it."""
    single_quote_is_char: bool = False
    """A lone ' may stand for something else than a string: Rust's lifetimes, for one."""
    is_markup: bool = False
    """Whether tags such as `</s>` and fences are the language's own."""
    is_prose: bool = False
    """Whether a line of plain English is what the file is made of."""

    @cached_property
    def marks(self) -> re.Pattern[str]:
        """What a scan for brackets has to stop at."""
        marks = [*self.line_comments, *self.long_quotes]
        marks += [self.block_comment[0]] if self.block_comment else []
        found = sorted({*marks, *self.quotes, *"()[]{}"}, key=len, reverse=True)
        alternatives = [*([self.literal] if self.literal else []), *map(re.escape, found)]
        return re.compile("|".join(alternatives))


_SLASHES = Language(
    line_comments=("//",),
    block_comment=("/*", "*/"),
    goes_on=re.compile(r"\s*(?:[)\]}]*\s*(?:else|catch|finally)\b|\??\.[A-Za-z_]|->[A-Za-z_])"),
    announces=re.compile(r"\s*(?:@\w[\w.]*(?:\(.*\))?|#\[.*\]|\[\w.*\]|template\s*<.*>)\s*$"),
    outdented=re.compile(r"\s*(?:case\b.*:|default\s*:|(?:public|private|protected)\s*:|#\w|\w+:)"),
)
_REGEX = r"(?<![\w)\]}\"'/])/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*"
_JS = replace(
    _SLASHES,
    literal=_REGEX,
    long_quotes=("`",),
    opens_block=re.compile(r"(?:[{(\[]|=>)\s*$"),
    announces=re.compile(r"\s*@\w[\w.]*(?:\(.*\))?\s*$"),
    outdented=re.compile(r"\s*(?:case\b.*:|default\s*:)"),
)
_HTML = Language(
    block_comment=("<!--", "-->"),
    quotes='"',
    opens_block=re.compile(
        r"<(?!(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b)"
        r"[A-Za-z][^<>]*(?<!/)>\s*$"
    ),
    closing_word=re.compile(r"\s*</"),
    lines_end_statements=True,
    is_markup=True,
    bodies_are_indented=False,
)
_NEVER = re.compile(r"(?!)")

_LANGUAGES: dict[str, Language] = {
    "python": Language(
        line_comments=("#",),
        long_quotes=('"""', "'''"),
        opens_block=re.compile(r"(?:[{(\[]|:)\s*(?:#.*)?$"),
        goes_on=re.compile(r"\s*(?:elif|else|except|finally)\b"),
        announces=re.compile(r"\s*@\w"),
        lines_end_statements=True,
    ),
    "javascript": _JS,
    "go": replace(
        _SLASHES,
        long_quotes=("`",),
        announces=None,
        outdented=re.compile(r"\s*(?:case\b.*:|default:|\w+:$)"),
        lines_end_statements=True,
        indents_by_tabs=True,
    ),
    "rust": replace(
        _SLASHES,
        opens_block=re.compile(r"(?:[{(\[]|=>)\s*$"),
        announces=re.compile(r"\s*#!?\[.*\]\s*$"),
        single_quote_is_char=True,
    ),
    "c-like": _SLASHES,
    "kotlin": replace(_SLASHES, long_quotes=('"""',)),
    "swift": replace(_SLASHES, long_quotes=('"""',), quotes='"'),
    "php": replace(_SLASHES, line_comments=("//", "#")),
    "ruby": Language(
        line_comments=("#",),
        literal=_REGEX,
        opens_block=re.compile(
            r"(?:[{(\[]|\bdo(?:\s*\|[^|]*\|)?|\bthen|\belse|\bbegin|\bensure)\s*$"
            r"|^\s*(?:def|class|module|if|unless|while|until|case|when|elsif|for|rescue)\b[^;]*$"
            r"|=\s*(?:if|case|begin|unless)\b[^;]*$"
        ),
        closing_word=re.compile(r"\s*end\b"),
        goes_on=re.compile(r"\s*(?:(?:else|elsif|when|in|rescue|ensure|end)\b|&?\.[a-z_])"),
    ),
    "lua": Language(
        line_comments=("--",),
        block_comment=("--[[", "]]"),
        opens_block=re.compile(r"(?:[{(\[]|\bdo|\bthen|\belse|\brepeat|\bfunction\b[^)]*\))\s*$"),
        closing_word=re.compile(r"\s*(?:end|until)\b"),
        goes_on=re.compile(r"\s*(?:else|elseif|end|until)\b"),
        lines_end_statements=True,
    ),
    "shellscript": Language(
        lone_closers=")",
        line_comments=("#",),
        opens_block=re.compile(r"(?:[{(]|\bdo|\bthen|\belse|\bin)\s*$"),
        closing_word=re.compile(r"\s*(?:fi|done|esac|;;)(?:[\s;)|&<>]|$)"),
        goes_on=re.compile(r"\s*(?:then|do|else|elif|fi|done|esac)\b"),
        lines_end_statements=True,
    ),
    "sql": Language(
        line_comments=("--",),
        block_comment=("/*", "*/"),
        goes_on=re.compile(
            r"\s*(?:from|where|and|or|group|order|having|limit|offset|join|left|right|inner|outer"
            r"|full|cross|on|set|values|returning|union|intersect|except|select|when|then|else|end)\b",
            re.IGNORECASE,
        ),
    ),
    "json": Language(quotes='"'),
    "yaml": Language(
        line_comments=("#",),
        opens_block=re.compile(r"(?::|[{\[]|:\s*[|>][+-]?)\s*$"),
        goes_on=_NEVER,
        lines_end_statements=True,
        bodies_are_indented=False,
    ),
    "toml": Language(
        line_comments=("#",), long_quotes=('"""', "'''"), lines_end_statements=True, goes_on=_NEVER
    ),
    "html": _HTML,
    "css": Language(block_comment=("/*", "*/"), goes_on=_NEVER),
    "scss": Language(line_comments=("//",), block_comment=("/*", "*/")),
    "makefile": Language(
        line_comments=("#",),
        quotes="",
        opens_block=re.compile(r"^[^\s#=][^=]*:(?![=:])[^=]*$"),
        goes_on=_NEVER,
        lines_end_statements=True,
        indents_by_tabs=True,
    ),
    "markdown": Language(
        quotes="",
        opens_block=_NEVER,
        goes_on=_NEVER,
        lines_end_statements=True,
        is_markup=True,
        is_prose=True,
    ),
    "plain": Language(
        quotes="",
        opens_block=re.compile(r"[{(\[:]\s*$"),
        lines_end_statements=True,
        bodies_are_indented=False,
        is_prose=True,
    ),
}

_ALIASES = {
    "javascriptreact": "javascript",
    "typescript": "javascript",
    "typescriptreact": "javascript",
    "jsonc": "json",
    "bash": "shellscript",
    "sh": "shellscript",
    "zsh": "shellscript",
    "make": "makefile",
    "less": "scss",
    "sass": "scss",
    "xml": "html",
    "vue": "html",
    "svelte": "html",
    "scala": "kotlin",
    **dict.fromkeys(("c", "cpp", "csharp", "java", "dart", "objective-c", "cuda"), "c-like"),
}


def language(language_id: str) -> Language:
    """Return what is known of an LSP `languageId`; brackets and nothing else where nothing is."""
    found = _LANGUAGES.get(_ALIASES.get(language_id, language_id))
    return found or _LANGUAGES["plain"]
