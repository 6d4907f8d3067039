from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ghostlap.lsp_server.cli import main
from ghostlap.lsp_server.hedging.switches import load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config.toml"
    file.write_text('primary = "groq"\nbackup = "cerebras"\nhedge = { delay_ms = 150 }\n')
    monkeypatch.setenv("GHOSTLAP_CONFIG", str(file))
    monkeypatch.setenv("GHOSTLAP_STATE_DIR", str(tmp_path))
    return tmp_path


def status(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["hedge", "status", "--json"]) == 0
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    return shown


def test_off_and_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hedge", "off"]) == 0
    assert "hedge    off, switched from after 150 ms" in capsys.readouterr().out
    assert load(folder).hedge == "off"
    assert main(["hedge", "off"]) == 0
    assert main(["hedge", "on"]) == 0
    assert status(capsys)["hedge"] == {"delay_ms": 150}


@pytest.mark.parametrize("word", ["race", "adaptive", "failover", "80"])
def test_the_modes(folder: Path, capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert main(["hedge", word]) == 0
    assert load(folder).hedge == ({"delay_ms": 80} if word == "80" else word)
    assert main(["hedge", "reset"]) == 0
    assert status(capsys)["hedge"] == {"delay_ms": 150}


def test_status_says_who_is_asked_and_what_it_cost(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hedge", "status"]) == 0
    shown = capsys.readouterr().out
    assert "primary  groq" in shown
    assert "backup   cerebras" in shown
    assert "today    0 extra requests" in shown
    assert not load(folder).hedge


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("word", ["yes", "-1", "0", "99999999"])
def test_a_wrong_word_is_a_wrong_command_line(word: str) -> None:
    assert main(["hedge", word]) == 2


def test_a_folder_that_cannot_be_written_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = folder / "config.toml" / "below-a-file"
    monkeypatch.setenv("GHOSTLAP_STATE_DIR", str(blocked))
    assert main(["hedge", "off"]) == 1
    assert str(blocked) in capsys.readouterr().err
