"""The shipped catalogue: every vendor of the story, each row usable as it stands."""

from datetime import date

import pytest

from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers.catalog import Price, catalog, settings_of
from ghostlap.providers.fim import template_for

VENDORS = {
    "embedded", "openai", "openai-responses", "openai-codex-spark", "openai-completions",
    "nvidia-nim", "nvidia-nim-local", "vllm", "sglang", "tensorrt-llm", "amd-vllm", "amd-sglang",
    "lemonade", "cerebras", "groq", "gemini", "anthropic", "codestral", "mistral", "deepseek",
    "xai", "fireworks", "together", "openrouter", "huggingface", "azure-openai", "mercury",
    "ollama", "llama-cpp", "lm-studio", "tgi", "openai-compatible",
}  # fmt: skip
USERS_OWN_ADDRESS = {"azure-openai", "openai-compatible", "embedded"}
MEMORIES = {"on-chip SRAM", "HBM", "LPDDR", "DDR", "unknown"}
BILLINGS = {"generated", "full", "nothing", "unknown"}


def test_every_vendor_of_the_story_has_a_row() -> None:
    assert set(catalog()) == VENDORS


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_a_row_says_all_that_lists_and_accounts_need(name: str) -> None:
    row = catalog()[name]
    assert row.title
    assert row.vendor
    assert row.settings.hardware
    assert row.memory in MEMORIES
    assert row.cancel_billed in BILLINGS
    assert row.price is None or row.price.as_of <= date(2026, 11, 22)
    assert row.settings.temperature is None, "a default temperature is refused by many models"


@pytest.mark.parametrize("name", sorted(VENDORS - USERS_OWN_ADDRESS))
def test_a_row_has_an_address_and_sends_keys_only_over_tls(name: str) -> None:
    settings = catalog()[name].settings
    local = settings.base_url.startswith("http://127.0.0.1:")
    assert local or settings.base_url.startswith("https://")
    assert not settings.base_url.endswith("/")
    assert not (local and settings.key_env), "a local server gets no key unless the user says so"
    assert local or settings.key_env


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_a_row_that_wants_a_fim_template_names_a_model_that_has_one(name: str) -> None:
    settings = catalog()[name].settings
    if settings.prompt == "fim" and settings.model:
        assert template_for(settings.model) is not None


def test_what_the_catalogue_does_not_know_has_plain_defaults() -> None:
    assert settings_of("my-own") == ProviderSettings()
    assert settings_of("cerebras").key_env == "CEREBRAS_API_KEY"


def test_a_cost_is_in_dollars() -> None:
    price = Price(0.30, 0.90, date(2026, 8, 21))
    assert price.cost_usd(1_000_000, 0) == pytest.approx(0.30)
    assert price.cost_usd(2000, 50) == pytest.approx(0.000645)
