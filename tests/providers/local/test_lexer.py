"""Text to pieces and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostlap.providers.local.lexer import Shape, indent_width, pieces, shape_of, split_space
from ghostlap.providers.local.words import Break, line_tokens


@given(st.text())
def test_the_pieces_of_a_text_concatenate_to_it(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(st.text(alphabet="a1_ \t\n\r.()'\"#=é🎉"))
def test_code_like_text_does_so_too(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_a_single_space_belongs_to_the_word_behind_it() -> None:
    assert pieces("x = foo(1, 'a')") == ["x", " =", " foo", "(", "1", ",", " '", "a", "'", ")"]
    assert split_space(" foo") == ("foo", 1)
    assert split_space("foo") == ("foo", 0)


def test_a_line_break_takes_the_next_lines_indentation_along() -> None:
    assert pieces("a:\n    b\r\nc") == ["a", ":", "\n    ", "b", "\r\n", "c"]


@pytest.mark.parametrize(
    ("word", "shape"),
    [
        ("name", Shape.LOWER),
        ("_private", Shape.LOWER),
        ("CamelCase", Shape.CAMEL),
        ("CONSTANT", Shape.UPPER),
        ("X", Shape.CAMEL),
        ("42", Shape.NUMBER),
        ("return", Shape.ITSELF),
        ("(", Shape.ITSELF),
        ("größe", Shape.LOWER),
    ],
)
def test_a_word_has_a_shape(word: str, shape: Shape) -> None:
    assert shape_of(word) is shape


def test_a_line_says_how_its_indentation_moves() -> None:
    assert line_tokens("    x", 0)[0] is Break.IN
    assert line_tokens("x", 4)[0] is Break.OUT
    assert line_tokens("    x", 4)[0] is Break.SAME
    assert line_tokens("   ", 4) == (Break.BLANK, [], 4)
    assert indent_width("\tx") == 8
