"""A name and its settings become a provider, or a sentence that says what to change."""

from __future__ import annotations

from pathlib import Path

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


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed distribution that brings a dialect, as its files stand in site-packages."""
    (tmp_path / "acme_dialect.py").write_text(
        "class Acme:\n"
        "    def __init__(self, name, settings, transport):\n"
        "        self.name, self.settings, self.transport = name, settings, transport\n"
    )
    about = tmp_path / "acme_dialect-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-dialect\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[ghostlap.dialects]\nacme-rpc = acme_dialect:Acme\nollama = acme_dialect:Acme\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("other_package")
async def test_another_packages_dialect_is_found_by_its_entry_point(transport: Transport) -> None:
    settings = ProviderSettings(dialect="acme-rpc", base_url=URL)
    provider: object = build("acme", settings, transport)
    assert type(provider).__name__ == "Acme"
    assert vars(provider) == {"name": "acme", "settings": settings, "transport": transport}
    assert "acme-rpc" in dialect_names()
    with pytest.raises(BadRequest, match="did you mean 'acme-rpc'"):
        build("acme", ProviderSettings(dialect="acme-rcp", base_url=URL), transport)


@pytest.mark.usefixtures("other_package")
async def test_another_package_does_not_replace_a_dialect_of_ours(transport: Transport) -> None:
    provider: object = build("o", ProviderSettings(dialect="ollama", base_url=URL), transport)
    assert type(provider).__name__ == "HttpProvider"


def test_the_dialects_are_listed_in_order() -> None:
    assert dialect_names() == sorted(dialect_names())
    assert set(DIALECTS) <= set(dialect_names())
