from __future__ import annotations

from dataclasses import replace

from ghostlap.lsp_server.config import Config
from ghostlap.lsp_server.hedging.pool import Pool, made_from
from ghostlap.providers import Provider, ProviderError, ProviderSettings
from ghostlap.providers.policies import Hedge, Shadow, Split
from ghostlap.providers.scripted import ScriptedProvider


class Opened:
    """Backends that remember what was opened."""

    def __init__(self) -> None:
        self.providers: dict[str, list[ScriptedProvider]] = {}

    async def open(self, config: Config) -> Provider:
        if config.primary == "bad":
            raise ProviderError("bad", "there is no base_url", "set it")
        provider = ScriptedProvider(config.primary)
        self.providers.setdefault(config.primary, []).append(provider)
        return provider

    async def aclose(self) -> None:
        """Nothing is shared."""

    def closed(self, name: str) -> list[bool]:
        return [each.closed for each in self.providers[name]]


def pool_over(opened: Opened, problems: list[str] | None = None) -> Pool:
    told = [] if problems is None else problems
    return Pool(opened, told.append, lambda _error: None)


BOTH = Config(primary="a", backup=("b",), hedge="race")


async def test_without_a_policy_the_provider_itself_is_asked() -> None:
    opened = Opened()
    asked = await pool_over(opened).open(Config(primary="a"))
    assert asked is not None
    assert asked.provider is opened.providers["a"][0]
    assert not asked.is_policy


async def test_policies_share_the_backends_that_are_open() -> None:
    opened = Opened()
    pool = pool_over(opened)
    race = await pool.open(BOTH)
    off = await pool.open(replace(BOTH, hedge="off"))
    assert race is not None
    assert off is not None
    assert isinstance(race.provider, Hedge)
    assert off.provider is opened.providers["a"][0]
    await pool.retire(race)
    assert opened.closed("a") == opened.closed("b") == [False]
    other = await pool.open(Config(primary="c"))
    assert other is not None
    await pool.retire(off)
    assert opened.closed("a") == opened.closed("b") == [True]
    await pool.aclose()
    assert opened.closed("c") == [True]


async def test_what_is_wanted_again_before_it_was_closed_stays_open() -> None:
    opened = Opened()
    pool = pool_over(opened)
    first = await pool.open(Config(primary="a"))
    between = await pool.open(Config(primary="b"))
    again = await pool.open(Config(primary="a"))
    assert first is not None
    assert between is not None
    assert again is not None
    await pool.retire(first)
    await pool.retire(between)
    assert opened.closed("a") == [False]
    assert opened.closed("b") == [True]


async def test_other_settings_of_a_provider_open_another_one() -> None:
    opened = Opened()
    pool = pool_over(opened)
    old = await pool.open(BOTH)
    changed = replace(BOTH, providers={"b": ProviderSettings(model="another")})
    assert made_from(changed) != made_from(BOTH)
    new = await pool.open(changed)
    assert old is not None
    assert new is not None
    await pool.retire(old)
    assert opened.closed("a") == [False]
    assert opened.closed("b") == [True, False]


async def test_one_that_cannot_be_opened_is_told_of_and_left_out() -> None:
    problems: list[str] = []
    pool = pool_over(Opened(), problems)
    asked = await pool.open(replace(BOTH, backup=("bad", "b")))
    assert asked is not None
    assert asked.provider.name == "a, b"
    assert problems == ["bad: there is no base_url — set it"]
    asked = await pool.open(replace(BOTH, primary="bad"))
    assert asked is not None
    assert asked.provider.name == "b"
    assert await pool.open(Config(primary="bad")) is None


async def test_split_and_shadow_stand_around_the_line() -> None:
    config = replace(BOTH, split={"c": 0.1}, shadow={"d": 1.0})
    asked = await pool_over(Opened()).open(config)
    assert asked is not None
    assert isinstance(asked.provider, Shadow)
    assert isinstance(asked.provider._shown, Split)
    assert asked.plan.names == ("a", "b", "c", "d")


async def test_a_split_without_hedging_closes_no_backend_with_itself() -> None:
    opened = Opened()
    pool = pool_over(opened)
    split = await pool.open(Config(primary="a", split={"b": 0.5}))
    off = await pool.open(Config(primary="a"))
    assert split is not None
    assert off is not None
    await pool.retire(split)
    assert opened.closed("a") == [False]
