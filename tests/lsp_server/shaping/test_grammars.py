from __future__ import annotations

import pytest

from ghostlap.lsp_server.shaping._grammars import parser_for
from ghostlap.lsp_server.shaping._syntax import Syntax

STATEMENTS = {
    "python": "x = 1\n",
    "javascript": "let x = 1;\n",
    "javascriptreact": "let x = <p>a</p>;\n",
    "typescript": "let x: number = 1;\n",
    "typescriptreact": "let x: T = <p>a</p>;\n",
    "go": "package a\n",
    "rust": "fn f() {}\n",
    "java": "class A {}\n",
    "c": "int x = 1;\n",
    "cpp": "std::string x;\n",
    "csharp": "class A {}\n",
    "ruby": "x = 1\n",
    "php": "$x = 1;\n",
    "lua": "x = 1\n",
    "shellscript": "x=1\n",
    "json": "[1]\n",
    "yaml": "a: 1\n",
    "html": "<p>a</p>\n",
    "css": "a { b: c; }\n",
    "sql": "SELECT 1;\n",
    "kotlin": "val x = 1\n",
    "swift": "let x = 1\n",
}


@pytest.mark.parametrize("language", STATEMENTS)
def test_a_language_has_a_grammar_that_reads_it(language: str) -> None:
    parser = parser_for(language)
    assert parser is not None
    assert not parser.parse(STATEMENTS[language].encode()).root_node.has_error


def test_a_language_without_a_grammar_cannot_be_told_anything_of() -> None:
    syntax = Syntax("brainfuck", "+", "-")
    assert syntax.inside() is None
    assert syntax.is_same_statement("a\nb") is None


@pytest.mark.parametrize(
    ("language", "text", "inside"),
    [
        ("python", 'x = "a█b"', "string"),
        ("python", 'x = █"ab"', ""),
        ("python", 'x = "ab"█', ""),
        ("python", "x = 1  # a█", "comment"),
        ("python", 'x = f"{a█}"', ""),
        ("javascript", "x = `a${b█}`;", ""),
        ("javascript", "x = `a█`;", "string"),
        ("javascript", "/* a */ █", ""),
        ("javascript", "/* a █ */", "comment"),
        ("shellscript", "cat <<EOF\na█b\nEOF\n", "string"),
    ],
)
def test_the_grammar_tells_what_the_cursor_is_inside_of(
    language: str, text: str, inside: str
) -> None:
    assert Syntax(language, *text.split("█")).inside() == inside


@pytest.mark.parametrize(
    ("language", "text", "answer", "same"),
    [
        ("python", "█", "if a:\n    b\nelse:", True),
        ("python", "█", "if a:\n    b\nc", False),
        ("javascript", "█", "a\n.b()", True),
        ("javascript", "█", "a();\nb();", False),
        ("sql", "█", "SELECT a\nFROM b", True),
        ("c", "█", "int f(void)\n{", True),
        ("go", "func f() {\n█\n}", "a()\nb()", False),
    ],
)
def test_the_grammar_tells_whether_a_line_goes_on_with_a_statement(
    language: str, text: str, answer: str, same: bool
) -> None:
    assert Syntax(language, *text.split("█")).is_same_statement(answer) is same


def test_a_window_of_two_hundred_lines_is_what_is_parsed() -> None:
    syntax = Syntax("python", "x = 1\n" * 5_000, "\ny = 2" * 5_000)
    lines = (syntax._above + syntax._below).count(b"\n")
    assert 100 < lines < 200
