"""Planted markers: a session over files that hold them leaves them nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ghostlap.lsp_server.client import LspClient

MARKERS = ("plantedCode", "plantedSuffix", "plantedFolder", "plantedName", "plantedAnswer")
CONFIG = """\
primary = "script"
debounce_ms = 0
[providers.script]
dialect = "scripted"
script = { text = "plantedAnswer()" }
"""


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config.toml").write_text(CONFIG)
    return {
        **os.environ,
        "GHOSTLAP_CONFIG": str(tmp_path / "config.toml"),
        "GHOSTLAP_DATA_DIR": str(tmp_path / "data"),
        "GHOSTLAP_STATE_DIR": str(tmp_path / "data"),
        "GHOSTLAP_CACHE_DIR": str(tmp_path / "data"),
        "GHOSTLAP_LOG": "debug",
    }


async def session(places: dict[str, str], folder: Path) -> str:
    """Type into a file that holds the markers, accept, and end; return the log."""
    command = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve"]
    uri = (folder / "plantedFolder" / "plantedName.py").as_uri()
    async with LspClient.spawn(command, env=places) as client:
        await client.initialize()
        client.open(uri, "python", "plantedCode = \n\nplantedSuffix = 1\n")
        for place in range(3):
            client.insert(uri, 0, 14 + place, "x")
            answer = await client.inline_completion(uri, 0, 15 + place)
            for item in answer["items"]:
                accepted = item["command"]
                await client.request(
                    "workspace/executeCommand",
                    {"command": accepted["command"], "arguments": accepted["arguments"]},
                )
        assert await client.shutdown() == 0
        return client.stderr


def run(places: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-m", "ghostlap.lsp_server", *arguments],
        env=places,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout + done.stderr


async def test_no_marker_is_in_the_database_the_exports_the_report_or_the_log(
    places: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    said = [await session(places, tmp_path)]
    said.append(run(places, "stats", "--json", "--by", "model"))
    said.append(run(places, "trace", "--json"))
    said.append(run(places, "watch", "--once"))
    said.append(run(places, "export", "--format", "jsonl"))
    run(places, "export", "--format", "csv", "-o", str(out / "keys.csv"))
    run(places, "export", "--format", "parquet", "-o", str(out / "keys.parquet"))
    run(places, "report", "-o", str(out / "report.html"))
    assert '"accepted": 3' in said[1], "the session was recorded"
    written = [file for folder in (out, tmp_path / "data") for file in folder.rglob("*")]
    assert {"keys.csv", "keys.parquet", "report.html", "telemetry.sqlite3"} <= {
        file.name for file in written
    }
    content = {file.name: file.read_bytes() for file in written if file.is_file()}
    content |= {f"output {number}": text.encode() for number, text in enumerate(said)}
    for marker in MARKERS:
        for name, data in content.items():
            assert marker.encode() not in data, (marker, name)
