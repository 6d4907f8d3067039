"""Which kind of prompt a model gets, by its name, its dialect and what the user says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ghostlap.providers import BadRequest, CompletionRequest, ProviderSettings
from ghostlap.providers._prompt import Prompt, prompt_for
from ghostlap.providers.fim import template_named

ALL = ("chat", "fim", "suffix")
QWEN = ProviderSettings(model="Qwen/Qwen2.5-Coder-7B")
CHATTER = ProviderSettings(model="gpt-5.6-luna")
REQUEST = CompletionRequest("def f():\n    return a")


def cleaned(prompt: Prompt, *pieces: str) -> str:
    cleaner = prompt.cleaner(REQUEST)
    return "".join([*map(cleaner.feed, pieces), cleaner.finish()])


def test_auto_takes_the_template_that_the_models_name_tells() -> None:
    assert prompt_for("acme", QWEN, ALL) == Prompt("fim", template_named("qwen"))


def test_auto_without_a_template_takes_what_the_dialect_prefers() -> None:
    assert prompt_for("acme", CHATTER, ALL) == Prompt("chat")
    assert prompt_for("acme", CHATTER, ("suffix",)) == Prompt("suffix")


def test_auto_takes_no_template_where_the_dialect_has_no_room_for_it() -> None:
    assert prompt_for("acme", QWEN, ("chat",)) == Prompt("chat")
    assert prompt_for("acme", QWEN, ("suffix",)) == Prompt("suffix")


@pytest.mark.parametrize("kind", ["chat", "suffix"])
def test_what_is_asked_for_goes_before_the_models_name(kind: str) -> None:
    assert prompt_for("acme", replace(QWEN, prompt=kind), ALL) == Prompt(kind)


def test_a_named_template_goes_before_the_models_name() -> None:
    settings = replace(QWEN, fim_template="starcoder2")
    assert prompt_for("acme", settings, ALL) == Prompt("fim", template_named("starcoder2"))
    named = replace(CHATTER, fim_template="qwen", prompt="fim")
    assert prompt_for("acme", named, ALL) == Prompt("fim", template_named("qwen"))


@pytest.mark.parametrize(
    ("settings", "possible", "sentence"),
    [
        (
            replace(QWEN, prompt="fim"),
            ("chat",),
            "acme: prompt = 'fim' is not for this dialect — set it to chat",
        ),
        (
            replace(QWEN, prompt="suffix"),
            ("chat", "fim"),
            "acme: prompt = 'suffix' is not for this dialect — set it to chat or fim",
        ),
        (
            replace(CHATTER, prompt="fim"),
            ALL,
            "acme: no FIM template is known for model = 'gpt-5.6-luna' — "  # noqa: ISC004 - one sentence
            "set fim_template, or prompt = 'chat'",
        ),
    ],
)
def test_what_cannot_be_is_told_with_the_setting_to_change(
    settings: ProviderSettings, possible: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        prompt_for("acme", settings, possible)
    assert str(refused.value) == sentence


def test_a_template_that_nobody_knows_is_told_with_those_that_there_are() -> None:
    with pytest.raises(BadRequest, match=r"no FIM template 'qwem'; there are .*qwen.* — change"):
        prompt_for("acme", replace(QWEN, fim_template="qwem"), ALL)


def test_a_fim_answer_ends_at_its_familys_special_token() -> None:
    prompt = prompt_for("acme", QWEN, ALL)
    assert cleaned(prompt, " + b<|fim", "_pad|>junk") == " + b"


def test_a_suffix_answer_ends_at_any_familys_end_of_text() -> None:
    assert cleaned(Prompt("suffix"), " + b<|endo", "ftext|>junk") == " + b"
    assert cleaned(Prompt("suffix"), " < b") == " < b"


def test_a_chat_answer_loses_its_fence_and_the_echo_of_the_cursors_line() -> None:
    assert cleaned(Prompt("chat"), "```python\n    return", " a + b\n```\n") == " + b"
