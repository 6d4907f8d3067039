from __future__ import annotations

import pytest

from ghostlap.lsp_server.shape import Shaped, shape


def shaped(text: str, raw: str, *, single_line: bool = True, newline: str = "\n") -> Shaped:
    line_suffix = text.partition("█")[2].partition("\n")[0]
    return shape(raw, line_suffix=line_suffix, newline=newline, single_line=single_line)


@pytest.mark.parametrize(
    ("text", "raw", "shown"),
    [
        ("x = █", "1\ny = 2", "1"),
        ("x = █", "1\r\ny = 2", "1"),
        ("x = █", "1  ", "1"),
        ("x █", "\n= 1", ""),
        ("x = █", "   ", ""),
        ("x = █", "", ""),
        ("x = █", "\x0c", ""),
        ("x █= 1", "+ y ", "+ y "),
    ],
)
def test_one_line_is_cut_where_it_ends(text: str, raw: str, shown: str) -> None:
    assert shaped(text, raw) == (shown, 0)


@pytest.mark.parametrize(
    ("text", "raw", "shown"),
    [
        ("wi(█)", "1, 2)", "1, 2"),
        ("wi(█)", "1, 2)  ", "1, 2"),
        ('print("█")', 'hello")', "hello"),
        ("a = [█]", "1, [2]]", "1, [2]"),
        ("f(█, b)", "a, b)", "a"),
        ("x = █ + b", "a + b", "a"),
    ],
)
def test_what_the_line_holds_already_is_left_out(text: str, raw: str, shown: str) -> None:
    assert shaped(text, raw) == (shown, 0)


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("print(█)", "len(x)"),
        ("f(█)", "g(h(1))"),
        ("x = █append", "data"),
        ("x = [█]", "a[0]"),
        ('f(█"b")', '"a", "c"'),
        ("f(█, b)", "(1, b)"),
        ("x = █b", "b + "),
    ],
)
def test_what_only_looks_like_the_rest_of_the_line_is_kept(text: str, raw: str) -> None:
    assert shaped(text, raw) == (raw, 0)


@pytest.mark.parametrize(
    ("text", "raw", "replaces"),
    [
        ("if wi(█)", "1, 2) {", 1),
        ("x = f([█])", "1, 2]) + 3", 2),
        ("f(█);", "1); g()", 2),
    ],
)
def test_a_text_that_goes_on_behind_a_closed_bracket_takes_its_place(
    text: str, raw: str, replaces: int
) -> None:
    assert shaped(text, raw) == (raw, replaces)


def test_several_lines_are_kept_when_they_are_wanted_and_end_as_the_document_does() -> None:
    raw = "1\nif x:\r\n    y"
    assert shaped("x = █", raw, single_line=False) == ("1\nif x:\n    y", 0)
    assert shaped("x = █", raw, single_line=False, newline="\r\n").text == "1\r\nif x:\r\n    y"
