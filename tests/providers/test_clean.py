"""What is taken off a model's answer, and what is left alone."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostlap.providers import CompletionRequest
from ghostlap.providers._clean import ChatAnswer, SpecialTokens, TextFilter
from ghostlap.providers.chat_prompt import cursor_mark, system_prompt, user_prompt


def run(text_filter: TextFilter, pieces: list[str]) -> str:
    return "".join(text_filter.feed(piece) for piece in pieces) + text_filter.finish()


CHAT = [
    # line before the cursor, answer, what is wanted of it
    ("    return ", "a + b", "a + b"),
    ("    return ", "```python\na + b\n```", "a + b"),
    ("    return ", "```\na + b\n```\nThis adds them.", "a + b"),
    ("    return ", "\n```py\r\na + b\r\n```\r\n", "a + b"),
    ("    return ", "return a + b", "a + b"),
    ("    return ", "    return a + b", "a + b"),
    ("    return ", "```python\n    return a + b\n```", "a + b"),
    ("    return ", "returned", "returned"),
    ("    return ", "<think>\nadd them\n</think>\n\na + b", "a + b"),
    ("    return ", "<think>never ends", ""),
    ("    return ", "<thin> is_xml", "<thin> is_xml"),
    ("", "", ""),
    ("", "```", "```"),
    ("", "```python\n```", ""),
    ("x = `", "``js``", "``js``"),
    ("def f():", "\n    pass", "\n    pass"),
    ("  (", "(a)", "(a)"),
    ("", "text with ``` inside", "text with ``` inside"),
    ("", "```python\ns = '```'\n```", "s = '```'"),
    ("", "```python\na = 1", "a = 1"),
    ("ab", "a", "a"),
]


@pytest.mark.parametrize(("line_prefix", "answer", "wanted"), CHAT)
def test_an_answer_is_freed_of_what_surrounds_its_code(
    line_prefix: str, answer: str, wanted: str
) -> None:
    assert run(ChatAnswer(line_prefix), [answer]) == wanted


@pytest.mark.parametrize(("line_prefix", "answer", "wanted"), CHAT)
def test_it_does_not_matter_how_the_answer_was_cut(
    line_prefix: str, answer: str, wanted: str
) -> None:
    assert run(ChatAnswer(line_prefix), list(answer)) == wanted


ANSWERS = st.lists(
    st.sampled_from(
        ["```", "`", "py", "\n", "\r\n", "<think>", "</think>", "ret", "urn ", "x", " "]
    )
).map("".join)


@given(
    ANSWERS,
    st.lists(st.integers(0, 60), max_size=6),
    st.sampled_from(["", "return ", "  return", "x"]),
)
def test_cutting_an_answer_anywhere_gives_the_same_text(
    answer: str, cuts: list[int], line_prefix: str
) -> None:
    bounds = [0, *sorted(min(cut, len(answer)) for cut in cuts), len(answer)]
    pieces = [answer[start:stop] for start, stop in itertools.pairwise(bounds)]
    assert run(ChatAnswer(line_prefix), pieces) == run(ChatAnswer(line_prefix), [answer])


def test_plain_text_is_passed_on_without_delay() -> None:
    answer = ChatAnswer("    return ")
    assert answer.feed("a") == "a"
    assert answer.feed(" + b") == " + b"


def test_a_closing_fence_says_that_the_stream_can_be_closed() -> None:
    answer = ChatAnswer("")
    assert answer.feed("```\ncode\n``") == "code"
    assert not answer.done
    assert answer.feed("`") == ""
    assert answer.done


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        (["a + b<|endoftext|>junk"], "a + b"),
        (["a + b<|endo", "ftext|>", "junk"], "a + b"),
        (["a < b", " and <|", "x"], "a < b and <|x"),
        (["a <EOT>"], "a"),
        (["tail<|endoftext|"], "tail<|endoftext|"),
        (["first<EOT>", "<|endoftext|>"], "first"),
    ],
)
def test_text_ends_at_the_first_special_token(pieces: list[str], wanted: str) -> None:
    tokens = SpecialTokens([" <EOT>", "<EOT>", "<|endoftext|>"])
    assert run(tokens, pieces) == wanted
    assert tokens.done


@given(st.lists(st.sampled_from(["<", "|", "end", "|>", "<|end|>", "x", " "])), st.data())
def test_special_tokens_are_found_however_the_text_is_cut(
    parts: list[str], data: st.DataObject
) -> None:
    text = "".join(parts)
    at = data.draw(st.integers(0, len(text)))
    wanted = text.split("<|end|>")[0]
    assert run(SpecialTokens(["<|end|>"]), [text[:at], text[at:]]) == wanted


def test_the_cursor_mark_is_one_that_the_code_does_not_hold() -> None:
    request = CompletionRequest(prefix="print('<CURSOR>')", suffix="  # <CURSOR_2>")
    assert cursor_mark(request) == "<CURSOR_3>"
    assert "<CURSOR_3>" in system_prompt(request)
    assert user_prompt(request).endswith("print('<CURSOR>')<CURSOR_3>  # <CURSOR_2>")
