from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine.advance import Advance, Rest, accepted, advance, rest_of

AtCursor: TypeAlias = Callable[..., Snapshot]

TYPED = [
    ("x = █", "x = █", Advance("", "")),
    ("x = █", "x = 1█", Advance("1", "")),
    ("def f():█", "def f():\n    ret█", Advance("\n    ret", "")),
    ("a\n\n█\nb", "a\n\nx\ny\nz█\nb", Advance("x\ny\nz", "")),
    ("x = f█", "x = f(█)", Advance("(", ")")),
    ("x = █\ny", "x = {'█'}\ny", Advance("{'", "'}")),
    ("f(█)", "f(g(█))", Advance("g(", ")")),
    ("if (x) █\n", "if (x) {\n  █\n}\n", Advance("{\n  ", "\n}")),
    ("x😀█", "x😀y█", Advance("y", "")),
]

NOT_TYPED = {
    "a character was deleted": ("x = 1█", "x = █"),
    "another was typed": ("x = a█", "x = b█"),
    "the cursor moved to the left": ("x = █1", "x █= 1"),
    "the cursor moved down": ("x█\ny", "x\ny█"),
    "the rest of the line changed": ("f(█)", "f(█, 1)"),
    "a line end came behind the cursor": ("x = █", "x = █\n"),
    "a space came behind the cursor": ("x = █", "x = █ "),
    "a bracket came that nothing owes": ("x = █", "x = 1█)"),
    "the text above changed": ("a = 1\nx█", "a = 2\nxy█"),
    "a line was taken out above": ("a\nb\nx█", "a\nx█"),
    "the text below changed": ("x█\nb = 1", "xy█\nb = 2"),
}


@pytest.mark.parametrize(("old", "new", "step"), TYPED)
def test_what_was_typed_between_two_states_is_told(
    at_cursor: AtCursor, old: str, new: str, step: Advance
) -> None:
    assert advance(at_cursor(old), at_cursor(new)) == step


@pytest.mark.parametrize(("old", "new"), NOT_TYPED.values(), ids=NOT_TYPED)
def test_another_change_is_no_typing(at_cursor: AtCursor, old: str, new: str) -> None:
    assert advance(at_cursor(old), at_cursor(new)) is None


def test_windows_that_begin_at_other_lines_are_compared_where_both_reach(
    at_cursor: AtCursor,
) -> None:
    above = "".join(f"line_{number} = {number}\n" for number in range(600))
    changed = above.replace("line_590 = 590", "line_590 = 0")
    old = at_cursor(above + "x = █")
    new = at_cursor(above + "x = 1\n" * 40 + "█")
    assert len(old.prefix) != len(new.prefix)
    step = advance(old, new)
    assert step is not None
    assert step.typed == "1\n" + "x = 1\n" * 39
    assert advance(old, at_cursor(changed + "x = 1\n" * 40 + "█")) is None


@pytest.mark.parametrize(
    ("text", "replaces", "step", "rest"),
    [
        ("f(a)", 0, Advance("f(", ""), Rest("a)", 0)),
        ("f(a)", 0, Advance("f(", ")"), Rest("a)", 1)),
        ("f(a", 0, Advance("f(", ")"), Rest("a", 0)),
        ("f(g(a))", 0, Advance("f(", ")"), Rest("g(a))", 1)),
        ("g(a", 1, Advance("g", ""), Rest("(a", 1)),
        ('"a" + b', 0, Advance('"', '"'), Rest('a" + b', 1)),
        ("{\n  a\n}", 0, Advance("{\n  ", "\n}"), Rest("a", 0)),
        ("f(a)", 0, Advance("g", ""), None),
        ("f(a)", 0, Advance("f(a)b", ""), None),
    ],
)
def test_the_rest_of_a_suggestion_is_what_was_not_typed_of_it(
    text: str, replaces: int, step: Advance, rest: Rest | None
) -> None:
    assert rest_of(text, replaces, step) == rest


@pytest.mark.parametrize(
    ("state", "text", "replaces", "then"),
    [
        ("x = █", "f(a)", 0, "x = f(a)█"),
        ("x = f(█)", "a)", 1, "x = f(a)█"),
        ("def f():█\nx", "\n    return 1", 0, "def f():\n    return 1█\nx"),
    ],
)
def test_accepting_leads_to_the_state_that_the_editor_will_send(
    at_cursor: AtCursor, state: str, text: str, replaces: int, then: str
) -> None:
    assert accepted(at_cursor(state), text, replaces) == at_cursor(then)
