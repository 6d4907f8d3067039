"""What a provider really receives: the real server over stdio, the provider over a real socket."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ghostlap.lsp_server.client import LspClient
from ghostlap.providers.scripted_server import ScriptedServer

SERVE = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "serve"]
CONFIG = """\
primary = "spy"
debounce_ms = 0
[telemetry]
enabled = false
[providers.spy]
base_url = "{url}"
model = "qwen2.5-coder-7b"
prompt = "fim"
{more}
"""
STATUS: Any = {"experimental": {"ghostlapStatus": True}}

OPEN_SECRET = "AKIA" + "QWERTYUIOPASDFGH"
NEIGHBOUR_SECRET = "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"
IGNORED_SECRET = "only_in_the_ignored_file"
ENV_SECRET = "only_in_the_env_file"
BEHIND_SECRET = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"

OPEN = f"""\
from app.users import UserRepository

aws_key = "{OPEN_SECRET}"

class AccountRepository(UserRepository):
    def find_by_email(self, email):
        return self.session.

stripe = "{BEHIND_SECRET}"
limit = 10
"""
NEIGHBOUR = f"""\
token = "{NEIGHBOUR_SECRET}"
class UserRepository:
    def find_by_email(self, email):
        return self.session.query(User).filter_by(email=email).one()
"""
IGNORED = f"""\
class LocalRepository:
    def find_by_email(self, email):
        return self.session.{IGNORED_SECRET}
"""
ENV = f"""\
class=LocalRepository
session={ENV_SECRET}
"""

Serve: TypeAlias = Callable[..., AbstractAsyncContextManager[LspClient]]


@pytest.fixture
async def provider() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    (root / "app").mkdir(parents=True)
    (root / ".gitignore").write_text("*.local.py\n")
    return root


@pytest.fixture
def serve(provider: ScriptedServer, tmp_path: Path, workspace: Path) -> Serve:
    @asynccontextmanager
    async def start(more: str = "", *, options: Any = None) -> AsyncIterator[LspClient]:
        file = tmp_path / "config.toml"
        file.write_text(CONFIG.format(url=provider.url, more=more))
        places = {
            "GHOSTLAP_CONFIG": str(file),
            "GHOSTLAP_DATA_DIR": str(tmp_path),
            "GHOSTLAP_CACHE_DIR": str(tmp_path),
            "GHOSTLAP_LOG": "info",
        }
        async with LspClient.spawn(SERVE, env={**os.environ, **places}) as client:
            await client.initialize(root=workspace, capabilities=STATUS, options=options)
            yield client

    return start


def open_file(client: LspClient, path: Path, text: str, language: str = "python") -> str:
    path.write_text(text)
    client.open(path.as_uri(), language, text)
    return path.as_uri()


def prompts(provider: ScriptedServer) -> str:
    return "\n".join(
        request.json().get("prompt", "") for request in provider.requests if request.body
    )


async def type_until(
    client: LspClient, uri: str, line: int, column: int, holds: Callable[[], bool]
) -> None:
    for offset in range(200):
        client.insert(uri, line, column + offset, "q")
        await client.inline_completion(uri, line, column + offset + 1, trigger_kind=1)
        if holds():
            return
    raise AssertionError("200 keys, and it does not hold")


async def excluded(client: LspClient) -> Any:
    """The next status that speaks of a document."""
    while "excluded" not in (status := await client.next_notification("ghostlap/status")):
        pass
    return status


async def test_no_planted_secret_arrives_at_the_provider(
    serve: Serve, provider: ScriptedServer, workspace: Path
) -> None:
    async with serve() as client:
        open_file(client, workspace / ".env", ENV, "python")
        open_file(client, workspace / "app" / "mine.local.py", IGNORED)
        open_file(client, workspace / "app" / "users.py", NEIGHBOUR)
        uri = open_file(client, workspace / "accounts.py", OPEN)
        await type_until(client, uri, 6, 28, lambda: "filter_by" in prompts(provider))
    sent = "\n".join(request.body.decode() for request in provider.requests)
    assert "<|file_sep|>app/users.py\n" in prompts(provider), "the neighbour itself is shown"
    assert "<|file_sep|>accounts.py\n<|fim_prefix|>from app.users import" in prompts(provider)
    assert "limit = 10" in sent, "what stands around a secret is sent"
    secrets = [OPEN_SECRET, BEHIND_SECRET, NEIGHBOUR_SECRET, IGNORED_SECRET, ENV_SECRET]
    assert [secret for secret in secrets if secret in sent] == []
    assert str(workspace) not in sent


@pytest.mark.parametrize(
    ("name", "reason"),
    [(".env", "by its name it may hold credentials"), ("mine.local.py", "ignored by .gitignore")],
)
async def test_an_excluded_file_asks_nobody_and_its_status_says_why(
    serve: Serve, provider: ScriptedServer, workspace: Path, name: str, reason: str
) -> None:
    async with serve() as client:
        uri = open_file(client, workspace / name, "secret_thing = 1\n")
        assert await client.inline_completion(uri, 0, 3) == {"items": []}
        status = await excluded(client)
        assert status == {"uri": uri, "excluded": reason}
        await client.inline_completion(uri, 0, 4)
        assert not [each for each in client.notifications if "excluded" in each[1]], "said once"
        assert reason in client.stderr
        assert name not in client.stderr.replace(reason, "")
    assert all(b"secret_thing" not in request.body for request in provider.requests)


async def test_a_line_that_looks_like_a_secret_is_not_completed(
    serve: Serve, provider: ScriptedServer, workspace: Path
) -> None:
    async with serve() as client:
        uri = open_file(client, workspace / "a.py", 'password = "hunter2hunter2\nx = 1\n')
        assert await client.inline_completion(uri, 0, 26) == {"items": []}
        status = await excluded(client)
        assert status == {"uri": uri, "excluded": "the line looks like a secret"}
        assert not any(b"hunter2" in request.body for request in provider.requests)
        await client.inline_completion(uri, 1, 5)
        status = await excluded(client)
        assert status == {"uri": uri, "excluded": None}
    assert not any(b"hunter2" in request.body for request in provider.requests)
    assert "x = 1" in prompts(provider)


async def test_a_first_request_that_beats_the_detector_waits_for_it(
    serve: Serve, provider: ScriptedServer, workspace: Path
) -> None:
    async with serve() as client:
        uri = open_file(client, workspace / "accounts.py", OPEN)
        assert await client.inline_completion(uri, 6, 28) is not None
        assert provider.requests, "it was asked, when it could be"
    assert not any(OPEN_SECRET.encode() in request.body for request in provider.requests)


async def test_a_folders_own_file_and_settings_can_only_narrow(
    serve: Serve, provider: ScriptedServer, workspace: Path
) -> None:
    (workspace / ".ghostlap.toml").write_text(
        'primary = "openai"\n[providers.spy]\nbase_url = "http://127.0.0.1:9/v1"\n'
        '[context]\nexclude = ["private/"]\nmax_file_kb = 5000\n'
    )
    hostile = {"providers": {"spy": {"base_url": "http://127.0.0.1:9/v1"}}, "primary": "openai"}
    async with serve(options=hostile) as client:
        (workspace / "private").mkdir()
        hidden = open_file(client, workspace / "private" / "a.py", "hidden = 1\n")
        assert await client.inline_completion(hidden, 0, 3) == {"items": []}
        status = await excluded(client)
        assert status["excluded"] == "excluded by the settings"
        shown = open_file(client, workspace / "b.py", "shown = 1\n")
        await client.inline_completion(shown, 0, 3)
        told = [params.get("message", "") for _, params in client.notifications]
        [message] = [text for text in told if text.startswith(".ghostlap.toml")]
        assert '"primary"' in message
        assert '"providers"' in message
    assert "sho" in prompts(provider), "the user's own provider was asked"
    assert "hidden" not in prompts(provider)


async def test_a_folder_that_comes_later_brings_its_rules(
    serve: Serve, provider: ScriptedServer, workspace: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / ".ghostlap.toml").write_text("[context]\nremote = false\n")
    async with serve() as client:
        uri = open_file(client, workspace / "a.py", "first = 1\n")
        await client.inline_completion(uri, 0, 3)
        asked = len(provider.requests)
        assert asked
        event = {"added": [{"uri": second.as_uri(), "name": "second"}], "removed": []}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        client.insert(uri, 0, 0, "x")
        await client.inline_completion(uri, 0, 4)
        status = await excluded(client)
        assert status["excluded"] == "the settings send nothing"
