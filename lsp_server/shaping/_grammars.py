"""Parsers by language, each imported when its language is first shaped."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Parser

__all__ = ["parser_for"]

_GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "cuda": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php_only"),  # a window seldom holds the file's `<?php`
    "lua": ("tree_sitter_lua", "language"),
    "shellscript": ("tree_sitter_bash", "language"),
    "bash": ("tree_sitter_bash", "language"),
    "sh": ("tree_sitter_bash", "language"),
    "zsh": ("tree_sitter_bash", "language"),
    "json": ("tree_sitter_json", "language"),
    "jsonc": ("tree_sitter_json", "language"),
    "yaml": ("tree_sitter_yaml", "language"),
    "html": ("tree_sitter_html", "language"),
    "xml": ("tree_sitter_html", "language"),
    "css": ("tree_sitter_css", "language"),
    "sql": ("tree_sitter_sql", "language"),
    "kotlin": ("tree_sitter_kotlin", "language"),
    "swift": ("tree_sitter_swift", "language"),
}
"""By LSP `languageId`, the module of a wheel and its function that returns the grammar."""


@cache
def parser_for(language_id: str) -> Parser | None:
    """Return the parser of an LSP `languageId`; None where there is no grammar, or none that loads.

    The first of them takes about 20 ms, which is what importing tree-sitter takes, and every
    further one about 1 ms. Not safe to use from several threads at once.
    """
    if language_id not in _GRAMMARS:
        return None
    module, function = _GRAMMARS[language_id]
    try:
        from tree_sitter import Language, Parser  # noqa: PLC0415 - not before it is needed

        return Parser(Language(getattr(import_module(module), function)()))
    except (ImportError, AttributeError, ValueError):
        return None  # not installed, or of another ABI: the rules of indentation hold
