"""A key that was planted is sent to its provider, and is found in nothing that the program wrote.

The provider is a bad one: it says the key back, in every error that it knows.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ghostlap.lsp_server.client import LspClient
from ghostlap.providers import CompletionRequest, ProviderError, ProviderSettings
from ghostlap.providers._keys import Key
from ghostlap.providers._secret import Secret
from ghostlap.providers._transport import Transport
from ghostlap.providers.registry import build
from ghostlap.providers.scripted_dialects import Answer, Reply, json_reply
from ghostlap.providers.scripted_server import ScriptedServer, SeenRequest
from ghostlap.telemetry import Trace

KEYS = pytest.mark.parametrize(
    "key", ["sk-proj-abcDEF0123456789", "plantedkey", "ünlikely/key+with=signs 1"], ids=range(3)
)
"""As a vendor's own, and two that no pattern can tell from other words."""
GHOSTLAP = [sys.executable, "-I", "-m", "ghostlap.lsp_server"]
URI = "file:///home/someone/project/arithmetic.py"


def echo(request: SeenRequest) -> Answer | Reply:
    """Fail as the model's name says, with the key in whatever is said."""
    sent = request.headers["x-key"].encode("latin-1").decode()
    error = {"message": f"no {sent} {sent}", "type": "server_error", "code": sent, "param": sent}
    model = request.json()["model"]
    if model == "stream":
        return Answer(pieces=("x",), error=error)
    if model == "html":
        page = f"<title>{sent}</title><p>{sent}"
        return Reply(502, {"content-type": "text/html"}, (page.encode(),))
    if model == "header":
        return json_reply(429, {"detail": sent}, {"retry-after": "7"})
    if model == "garbage":
        return Reply(200, {"content-type": "text/event-stream"}, (f"data: {sent}\n\n".encode(),))
    return json_reply(int(model), {"error": error})


MODELS = ("401", "403", "404", "400", "429", "500", "html", "header", "stream", "garbage")
"""Each is a way to fail."""


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(echo) as running:
        yield running


@dataclass(frozen=True)
class Home:
    """A user of the program, whose whole disk is one folder."""

    folder: Path
    config: Path
    env: Mapping[str, str]

    def use(self, server: ScriptedServer, *, by_command: bool = False) -> None:
        """Configure one provider for each way to fail."""
        printing = "import os; print(os.environ['PLANTED'])"
        found = (
            f"key_command = {json.dumps([sys.executable, '-I', '-c', printing])}"
            if by_command
            else 'key_env = "PLANTED"'
        )
        rows = [
            f'[providers.p-{model}]\nbase_url = "{server.url}"\nmodel = "{model}"\n'
            f'prompt = "suffix"\nkey_header = "x-key"\n{found}\n'
            for model in MODELS
        ]
        self.config.write_text(f'primary = "p-{MODELS[0]}"\ndebounce_ms = 0\n' + "".join(rows))

    async def run(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *GHOSTLAP,
            *arguments,
            env=self.env,
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        written, _ = await process.communicate()
        return written.decode()

    def files(self) -> Iterator[Path]:
        return (each for each in self.folder.rglob("*") if each.is_file())


@pytest.fixture
def home(tmp_path: Path, key: str) -> Home:
    kept = {"PATH", "SYSTEMROOT", "TEMP", "LANG"}
    folders = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
    env = {
        **{name: os.environ[name] for name in kept & os.environ.keys()},
        **dict.fromkeys((*folders, "XDG_STATE_HOME", "TMPDIR"), str(tmp_path)),
        "GHOSTLAP_CONFIG": str(tmp_path / "config.toml"),
        "GHOSTLAP_DATA_DIR": str(tmp_path / "data"),
        "GHOSTLAP_LOG": "debug",
        "PYTHONIOENCODING": "utf-8",
        "PLANTED": key,
    }
    return Home(tmp_path, tmp_path / "config.toml", env)


def forms(key: str) -> tuple[str, ...]:
    """Return the key as it would stand in text, and in JSON."""
    return key, json.dumps(key)[1:-1], repr(key)[1:-1]


def assert_unsaid(key: str, text: str) -> None:
    for form in forms(key):
        assert form not in text


def sent_keys(server: ScriptedServer) -> set[str]:
    return {each.headers["x-key"].encode("latin-1").decode() for each in server.requests}


@KEYS
@pytest.mark.parametrize("by_command", [False, True])
async def test_no_command_writes_it(
    home: Home, server: ScriptedServer, key: str, by_command: bool
) -> None:
    home.use(server, by_command=by_command)
    table = await home.run("doctor")
    assert_unsaid(key, table)
    assert table.count("✗ p-") == 2 * len(MODELS)  # each in a row, and with its sentence
    assert sent_keys(server) == {key}
    found = await home.run("doctor", "--json")
    assert_unsaid(key, found)
    assert "AuthenticationFailed" in found
    for arguments in (("providers",), ("providers", "--json"), ("config", "show")):
        assert_unsaid(key, await home.run(*arguments))
    for model in MODELS:
        shown = await home.run("providers", "show", f"p-{model}")
        assert ("$PLANTED" in shown) is not by_command
        assert_unsaid(key, shown)
    for file in home.files():
        assert_unsaid(key, file.read_text(encoding="utf-8", errors="replace"))


@KEYS
async def test_no_session_logs_shows_or_stores_it(
    home: Home, server: ScriptedServer, key: str
) -> None:
    home.use(server)
    said: list[Any] = []
    for model in MODELS:
        text = home.config.read_text()
        home.config.write_text(f'primary = "p-{model}"\n' + text.partition("\n")[2])
        async with LspClient.spawn(
            [*GHOSTLAP, "serve", "--stdio"],
            env=home.env,
            on_notification=lambda *notification: said.append(notification),
        ) as client:
            said.append(await client.initialize())
            client.open(URI, "python", "def f():\n    return ")
            said.append(await client.inline_completion(URI, 1, 11, trigger_kind=1))
            client.insert(URI, 1, 11, "g")
            said.append(await client.inline_completion(URI, 1, 12, trigger_kind=1))
            assert await client.shutdown() == 0
            assert f"p-{model}: " in client.stderr
            assert_unsaid(key, client.stderr)
    assert sent_keys(server) == {key}
    assert_unsaid(key, json.dumps(said, ensure_ascii=False))
    stored = b"".join(file.read_bytes() for file in home.files())
    assert b"p-401" in stored
    assert key.encode() not in stored
    assert b"PLANTED" in stored  # of the configuration: the search does see the files


@KEYS
@pytest.mark.parametrize("model", MODELS)
async def test_neither_an_error_nor_what_it_grew_from_holds_it(
    server: ScriptedServer,
    transport: Transport,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    model: str,
) -> None:
    monkeypatch.setenv("PLANTED", key)
    settings = ProviderSettings(
        base_url=server.url, model=model, prompt="suffix", key_env="PLANTED", key_header="x-key"
    )
    provider = build("acme", settings, transport)
    trace = Trace(1)
    error: BaseException | None = None
    async with provider.stream(CompletionRequest("x = "), trace) as stream:
        try:
            async for _ in stream:
                pass
        except ProviderError as raised:
            error = raised
    assert sent_keys(server) == {key}
    assert error is not None
    while error is not None:
        assert_unsaid(key, f"{error} {error!r} {error.args} {vars(error)}")
        error = error.__cause__ or error.__context__
    for each in (provider, stream, settings, trace, trace.attempts):
        assert_unsaid(key, f"{each!r} {each}")


@KEYS
async def test_no_repr_holds_it(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("PLANTED", key)
    settings = ProviderSettings(
        key_env="PLANTED",
        key_command=("print-key", key),
        headers={"x-other-key": key},
        body={"user": key},
        base_url="https://user:" + key.replace("/", "%2F") + "@host/v1?key=" + key,
    )
    looked_up = Key("acme", settings)
    secret = await looked_up.find()
    assert secret is not None
    assert secret.reveal() == key
    for each in (settings, looked_up, secret, [secret], {"key": secret}):
        assert_unsaid(key, f"{each!r} {each} {each!s:>80}")
    with pytest.raises(TypeError, match="not written anywhere"):
        pickle.dumps(Secret(key))
