"""`ghostlap providers`, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ghostlap.providers.catalog import catalog

KEY = "gsk-acme-0123456789"
COMMAND = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "providers"]

Result: TypeAlias = subprocess.CompletedProcess[str]
Run: TypeAlias = Callable[..., Result]


@pytest.fixture
def providers(tmp_path: Path) -> Run:
    config = tmp_path / "config.toml"
    config.write_text(
        'primary = "groq"\n'
        f'[providers.groq]\nheaders = {{ x-team = "{KEY}" }}\nbody = {{ user = "{KEY}" }}\n'
        '[providers.house]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "house-coder"\n'
        f'key_command = ["echo", "{KEY}"]\nhardware = "H100"\n'
        '[providers.played]\ndialect = "scripted"\nsimulated = true\n'
    )
    kept = {"PATH", "SYSTEMROOT", "TEMP", "LANG"}
    folders = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
    env = {
        **{name: os.environ[name] for name in kept & os.environ.keys()},
        **dict.fromkeys(folders, str(tmp_path)),
        "GHOSTLAP_CONFIG": str(config),
        "PYTHONIOENCODING": "utf-8",
    }

    def run(*arguments: str, **further: str) -> Result:
        result = subprocess.run(
            [*COMMAND, *arguments],
            env=env | further,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert KEY not in result.stdout + result.stderr
        return result

    return run


def row(result: Result, name: str) -> dict[str, Any]:
    assert (result.returncode, result.stderr) == (0, "")
    [found] = [each for each in json.loads(result.stdout) if each["name"] == name]
    assert isinstance(found, dict)
    return found


def test_every_row_of_the_catalogue_and_of_the_file_is_listed(providers: Run) -> None:
    listed = json.loads(providers("--json").stdout)
    assert [each["name"] for each in listed] == [*catalog(), "house", "played"]
    assert [each["name"] for each in listed if each["configured"]] == ["groq", "house", "played"]
    assert [each["name"] for each in listed if each["primary"]] == ["groq"]


def test_a_row_tells_model_hardware_and_price_with_its_date(providers: Run) -> None:
    groq = row(providers("--json"), "groq")
    assert (groq["model"], groq["vendor"]) == (catalog()["groq"].settings.model, "Groq")
    assert "LPU" in groq["hardware"]
    assert "SRAM" in groq["memory"]
    assert groq["usd_per_mtok_input"] > 0
    assert groq["price_as_of"].startswith("20")


def test_a_row_of_the_users_own_says_what_is_not_known(providers: Run) -> None:
    house = row(providers("--json"), "house")
    assert (house["model"], house["hardware"]) == ("house-coder", "H100")
    assert (house["memory"], house["cancelled_stream_is_billed"]) == ("unknown", "unknown")
    assert house["usd_per_mtok_input"] is None


@pytest.mark.parametrize(
    ("environment", "found"), [({"GROQ_API_KEY": KEY}, "$GROQ_API_KEY"), ({}, "")]
)
def test_a_key_is_found_or_missing_and_never_shown(
    providers: Run, environment: dict[str, str], found: str
) -> None:
    groq = row(providers("--json", **environment), "groq")
    assert (groq["wants_key"], groq["key_found_in"]) == (True, found)
    [line] = [line for line in providers(**environment).stdout.splitlines() if "● groq" in line]
    assert ("✓" if found else "✗") in line


def test_a_key_command_is_named_and_not_run(providers: Run) -> None:
    assert row(providers("--json"), "house")["key_found_in"] == "key_command"


def test_the_list_fits_a_terminal_and_marks_what_is_simulated(providers: Run) -> None:
    result = providers()
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    for name in catalog():
        assert any(name in line for line in lines), name
    assert "…" not in result.stdout
    below = lines[next(at for at, line in enumerate(lines) if "○ played" in line) + 1]
    assert "(simulated)" in below


def test_show_tells_one_provider_and_its_settings_in_effect(providers: Run) -> None:
    result = providers("show", "groq", GROQ_API_KEY=KEY)
    assert (result.returncode, result.stderr) == (0, "")
    shown = result.stdout
    assert "key found in                $GROQ_API_KEY" in shown
    assert "  headers                   x-team" in shown
    assert "  body                      user" in shown
    assert catalog()["groq"].settings.base_url in shown


def test_show_says_that_a_key_is_missing_and_where_it_is_looked_for(providers: Run) -> None:
    shown = providers("show", "groq").stdout
    assert "key found in                nowhere" in shown
    assert "key env                     GROQ_API_KEY" in shown


def test_show_as_json_tells_the_same(providers: Run) -> None:
    result = providers("show", "house", "--json")
    assert result.returncode == 0
    shown = json.loads(result.stdout)
    assert shown["name"] == "house"
    assert shown["settings"]["base_url"] == "http://127.0.0.1:9/v1"
    assert shown["settings"]["key_command"] is True


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "nope"), 'there is no provider "nope"'),
        (("show", "grok"), "did you mean groq?"),
        (("show",), "show wants a name; `ghostlap providers` lists them"),
    ],
)
def test_a_name_that_nobody_has_ends_with_1_and_a_sentence(
    providers: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    result = providers(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert sentence in result.stderr
