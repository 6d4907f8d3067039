from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ghostlap.lsp_server.config import Config, load, mentioned, merge
from ghostlap.lsp_server.hedging.plan import plan_of
from ghostlap.lsp_server.hedging.settings import parse_mode, parse_shadow, parse_shares


def config_of(tmp_path: Path, text: str) -> tuple[Config, list[str]]:
    file = tmp_path / "config.toml"
    file.write_text(text)
    config, problems = load(file)
    return config, [str(each).removeprefix(f"{file}: ") for each in problems]


@pytest.mark.parametrize(
    ("written", "mode", "delay_ms"),
    [
        ('"off"', "off", 0),
        ('"race"', "race", 0),
        ('"adaptive"', "adaptive", 0),
        ('"failover"', "failover", 0),
        ("{ delay_ms = 150 }", "hedge", 150),
        ("{ delay_ms = 0 }", "race", 0),
    ],
)
def test_every_spelling_of_hedge_is_read(
    tmp_path: Path, written: str, mode: str, delay_ms: int
) -> None:
    config, problems = config_of(
        tmp_path, f'primary = "groq"\nbackup = "cerebras"\nhedge = {written}'
    )
    plan = plan_of(config)
    assert (plan.mode, plan.delay_ms, problems) == (mode, delay_ms, [])
    assert plan.names == (("groq",) if mode == "off" else ("groq", "cerebras"))


@pytest.mark.parametrize("value", ["on", "", 3, True, {"delay_ms": -1}, {"delay_ms": 1.5}, {}, []])
def test_what_is_no_mode_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="no mode"):
        parse_mode(value)


@pytest.mark.parametrize(
    "value", [{"a": 1.1}, {"a": -0.1}, {"a": 0.6, "b": 0.6}, {"a": True}, {"": 0.1}, "a", 3]
)
def test_what_is_no_share_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="share"):
        parse_shares(value)


def test_a_shadow_is_a_name_or_a_share() -> None:
    assert parse_shadow("groq") == {"groq": 1.0}
    assert parse_shadow({"groq": 0.2}) == {"groq": 0.2}
    assert parse_shadow("") == {}


def test_several_backups_stand_in_line_and_the_primary_is_none_of_them(tmp_path: Path) -> None:
    config, problems = config_of(
        tmp_path, 'primary = "groq"\nbackup = ["cerebras", "groq", "openai", "cerebras"]'
    )
    assert not problems
    assert plan_of(config).names == ("groq", "cerebras", "openai")


def test_a_bad_value_names_the_setting_and_what_it_takes(tmp_path: Path) -> None:
    _, problems = config_of(tmp_path, 'hedge = "yes"\nbackup = 3\nshadow = "nobody"')
    hedge, backup, shadow = problems
    assert hedge.startswith("hedge must be off, race, adaptive, failover or a fixed delay as {")
    assert hedge.endswith('not "yes"; "adaptive" is used')
    assert backup == "backup must be a provider's name, or a list of them, not 3"
    assert shadow.startswith('shadow names "nobody", which is neither embedded, nor a vendor')


@pytest.mark.parametrize(
    "settings",
    [
        {"backup": "cerebras"},
        {"backup": ["openai", "cerebras"]},
        {"split": {"cerebras": 0.5}},
        {"shadow": "cerebras"},
        {"shadow": {"cerebras": 1.0}},
    ],
)
def test_a_folder_cannot_have_code_sent_to_whom_the_users_file_does_not_mention(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    config, _ = config_of(tmp_path, 'primary = "groq"\nbackup = "openai"')
    merged, problems = merge(config, settings)
    assert plan_of(merged) == plan_of(config)
    (problem,) = problems
    assert "may only name embedded or what" in str(problem)
    assert mentioned(config) == {"embedded", "groq", "openai"}


def test_a_folder_cannot_raise_what_may_be_spent(tmp_path: Path) -> None:
    config, _ = config_of(tmp_path, 'backup = "groq"')
    raised = {
        "extra_percent": 500,
        "daily_usd": 99,
        "daily_requests": 9,
        "let_run_percent": 100,
        "shadow_percent": 100,
    }
    merged, problems = merge(config, {"hedging": raised})
    assert merged.hedging == config.hedging
    assert len(problems) == len(raised)


def test_where_nothing_may_be_sent_away_nobody_stands_beside_the_primary(tmp_path: Path) -> None:
    text = 'backup = "groq"\nshadow = "groq"\nsplit = { groq = 0.5 }\n[context]\nremote = false'
    config, problems = config_of(tmp_path, text)
    assert not problems
    plan = plan_of(config)
    assert plan.names == ("embedded",)
    assert plan.remote is None


def test_a_remote_provider_that_each_key_is_sent_to_sets_the_pace(tmp_path: Path) -> None:
    config, _ = config_of(tmp_path, 'backup = "groq"\nhedge = "race"')
    assert plan_of(config).paced_by == "groq"
    config, _ = config_of(tmp_path, 'backup = "groq"\nhedge = "adaptive"')
    assert plan_of(config).paced_by == "embedded"
