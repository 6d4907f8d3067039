from __future__ import annotations

import pytest

from ghostlap.lsp_server.shaping import Shaper


def shaper(text: str, language: str = "python", **settings: str) -> Shaper:
    prefix, suffix = text.split("█")
    return Shaper(
        prefix=prefix,
        suffix=suffix,
        language_id=language,
        path=settings.get("path", ""),
        newline=settings.get("newline", "\n"),
    )


def test_the_files_line_ends_are_kept() -> None:
    shaping = Shaper(prefix="if x {", suffix="\r\n", language_id="go", newline="\r\n")
    assert shaping.shape("\n\ty()\n}", finished=True).text == "\r\n\ty()\r\n}"


def test_one_line_is_all_where_one_is_asked_for() -> None:
    shaping = Shaper(prefix="if x:", suffix="", language_id="python", single_line=True)
    assert not shaping.multi_line
    assert shaping.shape("  y\n  z", finished=True).text == "  y"


@pytest.mark.parametrize(
    "first", ["# lib/area.py", "# area.py", "# path: lib/area.py", "lib/area.py"]
)
def test_a_line_that_names_the_file_is_left_out(first: str) -> None:
    shaping = shaper("x = 1\n█", path="lib/area.py")
    assert shaping.shape(f"{first}\ny = 2\n", finished=True).text == "y = 2"


def test_a_comment_about_another_file_is_kept() -> None:
    shaping = shaper("x = 1\n█", path="lib/area.py")
    assert shaping.shape("# see volume.py\ny = 2\n", finished=True).text == "# see volume.py\ny = 2"


def test_the_stream_can_be_closed_at_the_line_end_of_a_python_statement() -> None:
    assert shaper("x = █").shape("1\n", finished=False).decided


def test_the_stream_can_be_closed_when_the_block_has_its_closer() -> None:
    shaping = shaper("function f() {█\n", "javascript")
    assert not shaping.shape("\n  a();\n}", finished=False).decided
    assert shaping.shape("\n  a();\n}\n", finished=False).decided


def test_the_stream_can_be_closed_at_the_first_letter_below_a_python_block() -> None:
    shaped = shaper("def f():█").shape("\n    return 1\n\nd", finished=False)
    assert (shaped.text, shaped.usable) == ("\n    return 1", True)


def test_nothing_is_usable_before_it_is_decided() -> None:
    shaped = shaper("x = █").shape("1", finished=False)
    assert (shaped.text, shaped.usable) == ("1", False)


def test_a_suggestion_has_forty_lines_at_most() -> None:
    lines = "".join(f"\n    x{number} = {number}" for number in range(60))
    shaped = shaper("def f():█").shape(lines, finished=False)
    assert shaped.decided
    assert shaped.text.count("\n") < 40


def test_what_is_inside_of_an_apostrophe_is_told_by_the_grammar() -> None:
    shaping = shaper("<p>it's a █</p>", "html")
    assert shaping.shape("dog</p>", finished=True).text == "dog"
