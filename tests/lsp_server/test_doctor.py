"""`ghostlap doctor`, run as a user runs it, against a provider on a real socket."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ghostlap.providers.scripted_dialects import Answer, Pace, Reply, json_reply
from ghostlap.providers.scripted_server import ScriptedServer, SeenRequest
from ghostlap.telemetry import Usage

KEY = "acme-0123456789"
GHOSTLAP = [sys.executable, "-I", "-m", "ghostlap.lsp_server"]


@dataclass(frozen=True)
class Told:
    code: int
    out: str
    err: str


Doctor: TypeAlias = Callable[..., Any]


def answer(request: SeenRequest) -> Answer | Reply:
    """Answers whoever has the key and knows the model."""
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return json_reply(401, {"error": {"message": f"bad {request.headers['authorization']}"}})
    if request.json()["model"] != "acme-coder":
        return json_reply(404, {"error": {"message": "no such model", "code": "model_not_found"}})
    timing = {"time_info": {"queue_time": 0.002, "prompt_time": 0.003, "completion_time": 0.004}}
    return Answer(
        pieces=(" + ", "second"),
        usage=Usage(prompt_tokens=40, completion_tokens=8),
        extra=timing,
        pace=Pace(first_delay_s=0.001),
    )


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(answer) as running:
        yield running


@pytest.fixture
def doctor(server: ScriptedServer, tmp_path: Path) -> Doctor:
    unused = socket.create_server(("127.0.0.1", 0))
    nobody = unused.getsockname()[1]
    unused.close()
    address = f'base_url = "{server.url}"'
    config = tmp_path / "config.toml"
    config.write_text(
        'primary = "healthy"\n'
        f'[providers.healthy]\n{address}\nmodel = "acme-coder"\nkey_env = "ACME_KEY"\n'
        f'[providers.refused]\n{address}\nmodel = "acme-coder"\nkey_env = "WRONG_KEY"\n'
        f'[providers.unknown-model]\n{address}\nmodel = "acme-codex"\nkey_env = "ACME_KEY"\n'
        f'[providers.keyless]\n{address}\nmodel = "acme-coder"\nkey_env = "NO_SUCH_KEY"\n'
        f'[providers.nobody]\nbase_url = "http://127.0.0.1:{nobody}/v1"\nmodel = "acme-coder"\n'
    )
    kept = {"PATH", "SYSTEMROOT", "TEMP", "LANG"}
    folders = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
    env = {
        **{name: os.environ[name] for name in kept & os.environ.keys()},
        **dict.fromkeys(folders, str(tmp_path)),
        "GHOSTLAP_CONFIG": str(config),
        "GHOSTLAP_DATA_DIR": str(tmp_path / "data"),
        "PYTHONIOENCODING": "utf-8",
        "ACME_KEY": KEY,
        "WRONG_KEY": f"wrong-{KEY}",
    }

    async def run(*arguments: str) -> Told:
        process = await asyncio.create_subprocess_exec(
            *GHOSTLAP,
            "doctor",
            *arguments,
            env=env,
            cwd=tmp_path,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        told = Told(process.returncode, out.decode(), err.decode())
        assert KEY not in told.out + told.err
        return told

    return run


async def test_a_healthy_provider_is_measured(doctor: Doctor, server: ScriptedServer) -> None:
    told = await doctor("--json", "healthy")
    assert (told.code, told.err) == (0, "")
    [found] = json.loads(told.out)
    assert (found["provider"], found["model"], found["ok"]) == ("healthy", "acme-coder", True)
    assert (found["error"], found["error_kind"], found["notes"]) == ("", "", [])
    assert found["first_token_ms"] >= 1.0
    assert (found["queue_ms"], found["prefill_ms"], found["decode_ms"]) == (2.0, 3.0, 4.0)
    assert found["tokens_per_s"] == pytest.approx(2000.0)
    assert found["attempts"] == len(server.requests) == 3
    assert found["cold_connect_ms"] > found["warm_connect_ms"] > 0.0


async def test_the_first_probe_connects_and_the_others_find_its_connection(
    doctor: Doctor, server: ScriptedServer
) -> None:
    await doctor("healthy")
    assert [len(each.requests) for each in server.connections] == [3]


async def test_the_probe_holds_no_code_of_the_users(doctor: Doctor, server: ScriptedServer) -> None:
    await doctor("healthy")
    assert b"def add(first, second):" in server.requests[0].body
    assert {request.json()["max_tokens"] for request in server.requests} == {12}


async def test_the_table_fits_a_terminal_and_shows_the_figures(doctor: Doctor) -> None:
    told = await doctor("healthy")
    assert told.code == 0
    assert max(map(len, told.out.splitlines())) <= 80
    [row] = [line for line in told.out.splitlines() if "✓ healthy" in line]
    assert row.split()[-4:] == ["2,000", "2.00", "3.00", "4.00"]
    assert "acme-coder" in told.out
    assert "…" not in told.out


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        (
            "refused",
            "AuthenticationFailed",
            "refused: the key was refused (401): bad Bearer ••• — check the key in WRONG_KEY",
        ),
        (
            "unknown-model",
            "NotFound",
            "no such model or route (404): no such model — check model = 'acme-codex' and base_url",
        ),
        ("keyless", "AuthenticationFailed", "keyless: there is no key — set NO_SUCH_KEY"),
        ("nobody", "ConnectError", "start the server, or check base_url"),
    ],
)
async def test_a_failure_is_one_sentence_that_says_what_to_change(
    doctor: Doctor, name: str, kind: str, sentence: str
) -> None:
    told = await doctor(name)
    assert told.code == 1
    assert sentence in told.out
    assert f"✗ {name}" in told.out
    told = await doctor("--json", name)
    assert told.code == 1
    [found] = json.loads(told.out)
    assert (found["ok"], found["error_kind"]) == (False, kind)
    assert sentence in found["error"]
    assert found["first_token_ms"] is None


async def test_without_names_all_that_is_configured_is_examined(doctor: Doctor) -> None:
    told = await doctor()
    assert told.code == 1
    assert told.err.splitlines() == [
        "healthy: answers",
        "refused: AuthenticationFailed",
        "unknown-model: NotFound",
        "keyless: AuthenticationFailed",
        "nobody: ConnectError",
    ]


async def test_an_answer_without_text_is_noted(doctor: Doctor, server: ScriptedServer) -> None:
    server.upcoming.extend([Answer(pieces=())] * 3)
    told = await doctor("--json", "healthy")
    assert told.code == 0
    [found] = json.loads(told.out)
    assert found["notes"] == ["it answered, with no text: try another model or prompt"]


async def test_a_server_that_closes_what_it_keeps_is_noted(
    doctor: Doctor, server: ScriptedServer
) -> None:
    hang_up = Reply(pace=Pace(hang_up=True))
    server.upcoming.extend([Answer(), hang_up, Answer(), Answer()])
    told = await doctor("--json", "healthy")
    [found] = json.loads(told.out)
    assert (told.code, found["notes"]) == (0, ["it closes connections that it says it keeps"])


async def test_a_name_that_nobody_has_is_refused_before_anybody_is_asked(
    doctor: Doctor, server: ScriptedServer
) -> None:
    told = await doctor("healthy", "helthy")
    assert (told.code, told.out) == (1, "")
    assert told.err.rstrip() == (
        'ghostlap doctor: there is no provider "helthy"; did you mean healthy?'
    )
    assert not server.requests
