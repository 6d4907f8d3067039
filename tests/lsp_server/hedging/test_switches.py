from __future__ import annotations

import json
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ghostlap.lsp_server.config import Config
from ghostlap.lsp_server.hedging.spending import load_spending, share_spending
from ghostlap.lsp_server.hedging.switches import (
    Switches,
    applied,
    load,
    save,
    signature,
    state_folder,
)
from ghostlap.providers.policies import Ledger

FILE = "hedge.json"


def test_what_was_switched_is_read_back(tmp_path: Path) -> None:
    switches = Switches(hedge={"delay_ms": 150}, primary="groq")
    folder = tmp_path / "not" / "there"
    save(folder, switches)
    assert load(folder) == switches
    assert [each.name for each in folder.iterdir()] == [FILE]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_file_is_the_users_alone(tmp_path: Path) -> None:
    save(tmp_path / "new", Switches())
    assert stat.S_IMODE((tmp_path / "new" / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_every_replacement_has_another_signature(tmp_path: Path) -> None:
    seen = {signature(tmp_path)}
    for hedge in ("off", "race", "off"):
        save(tmp_path, Switches(hedge=hedge))
        seen.add(signature(tmp_path))
    assert len(seen) == 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"hedge": "on", "primary": 3}',
        '{"hedge": {"delay_ms": "x"}}',
        "[" * 9999,
    ],
)
def test_a_file_that_makes_no_sense_switches_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert load(tmp_path) == Switches()


def test_switching_off_and_on_comes_back_to_what_it_was() -> None:
    config = Config(hedge="race")
    off = Switches().toggled(config)
    assert off == Switches(hedge="off", resume="race")
    assert off.toggled(config) == Switches(hedge="race")
    assert Switches().toggled(Config(hedge="off")) == Switches(hedge="adaptive")


def test_a_primary_that_the_file_does_not_mention_any_more_is_not_asked() -> None:
    config = Config(primary="groq")
    assert applied(config, Switches(primary="evil"), {"embedded", "groq"}) == config
    assert applied(config, Switches(primary="embedded"), {"embedded"}).primary == "embedded"


def test_the_state_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GHOSTLAP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("GHOSTLAP_STATE_DIR", raising=False)
    assert state_folder() == tmp_path / "data"
    monkeypatch.setenv("GHOSTLAP_STATE_DIR", str(tmp_path / "state"))
    assert state_folder() == tmp_path / "state"


async def test_what_servers_spend_is_summed(tmp_path: Path) -> None:
    one, other = Ledger(), Ledger()
    one.add(2, 0.5)
    await share_spending(tmp_path, one)
    other.add(1, 0.25)
    await share_spending(tmp_path, other)
    await share_spending(tmp_path, one)
    assert other.spent() == one.spent()
    assert (one.spent().requests, one.spent().usd) == (3, 0.75)
    assert load_spending(tmp_path) == one.spent()


async def test_yesterdays_spending_is_over(tmp_path: Path) -> None:
    (tmp_path / "hedge-spent.json").write_text(
        json.dumps({"day": "2020-01-01", "requests": 9, "usd": 9.0})
    )
    ledger = Ledger()
    await share_spending(tmp_path, ledger)
    assert ledger.spent().requests == 0
    ledger.add(1)
    await share_spending(tmp_path, ledger)
    spent = load_spending(tmp_path)
    assert spent is not None
    assert (spent.day, spent.requests) == (datetime.now(UTC).date(), 1)


@pytest.mark.parametrize(
    "told",
    [
        [],
        {},
        {"day": "x", "requests": 1, "usd": 1},
        {"day": "2026-11-23", "requests": -1, "usd": 1},
    ],
)
def test_spending_that_makes_no_sense_is_none(tmp_path: Path, told: Any) -> None:
    (tmp_path / "hedge-spent.json").write_text(json.dumps(told))
    assert load_spending(tmp_path) is None
