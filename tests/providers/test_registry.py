"""A name and its settings become a provider, or a sentence that says what to change."""

from __future__ import annotations

import pytest

from ghostlap.providers import BadRequest, Provider, ProviderSettings
from ghostlap.providers._transport import Transport
from ghostlap.providers.registry import DIALECTS, build, dialect_names
from ghostlap.providers.scripted import ScriptedProvider

URL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
async def test_every_dialect_makes_a_provider_of_its_name(
    dialect: str, transport: Transport
) -> None:
    settings = ProviderSettings(dialect=dialect, base_url=URL, model="qwen2.5-coder")
    provider: Provider = build("acme", settings, transport)
    assert provider.name == "acme"
    await provider.aclose()


async def test_the_scripted_dialect_needs_no_address(transport: Transport) -> None:
    provider = build("fake", ProviderSettings(dialect="scripted"), transport)
    assert isinstance(provider, ScriptedProvider)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (ProviderSettings(), r"no base_url — set it below \[providers\.acme\]"),
        (ProviderSettings(base_url=URL, dialect="antropic"), "did you mean 'anthropic'"),
        (ProviderSettings(base_url=URL, dialect="zzz"), "there are anthropic, gemini"),
        (ProviderSettings(base_url=URL, model="gpt-x", prompt="fim"), "set fim_template"),
        (ProviderSettings(base_url=URL, fim_template="zzz"), "no FIM template 'zzz'"),
    ],
)
async def test_what_cannot_be_built_is_told_with_the_setting_to_change(
    settings: ProviderSettings, said: str, transport: Transport
) -> None:
    with pytest.raises(BadRequest, match=said):
        build("acme", settings, transport)


def test_the_dialects_are_listed_in_order() -> None:
    assert dialect_names() == sorted(dialect_names())
    assert set(DIALECTS) <= set(dialect_names())
