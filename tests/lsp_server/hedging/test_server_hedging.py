"""The real server over real pipes, asking scripted providers by a policy."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from ghostlap.lsp_server.client import LspClient, LspError
from ghostlap.providers.scripted_dialects import Answer
from ghostlap.providers.scripted_server import ScriptedServer

URI = "file:///folder/a.py"
COMMAND = [sys.executable, "-I", "-m", "ghostlap.lsp_server"]
QUICK = 'text = "quick()\\n"'
SLOW = 'text = "slow()\\n", first_delay_s = 60.0'
NO_SAMPLES = "hedging = { let_run_percent = 0, shadow_percent = 0 }"

REPEATED = "self.assertAlmostEqual(measured_value, expected_value, places=7)"
Serve = Callable[..., AbstractAsyncContextManager[LspClient]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "GHOSTLAP_CONFIG": str(folder / "config.toml"),
        "GHOSTLAP_DATA_DIR": str(folder / "data"),
        "GHOSTLAP_STATE_DIR": str(folder / "state"),
    }


def configure(folder: Path, settings: str, **scripts: str) -> None:
    providers = "".join(
        f'[providers.{name}]\ndialect = "scripted"\ndebounce_ms = 0\nscript = {{ {script} }}\n'
        for name, script in scripts.items()
    )
    (folder / "config.toml").write_text(f"{settings}\n{NO_SAMPLES}\n{providers}")


@pytest.fixture
def serve(folder: Path) -> Serve:
    @asynccontextmanager
    async def start() -> AsyncIterator[LspClient]:
        async with LspClient.spawn([*COMMAND, "serve"], env=environment(folder)) as client:
            try:
                await client.initialize()
                client.open(URI, "python", "")
                yield client
            except BaseException:
                print(client.stderr)  # noqa: T201 - what a failed test is explained by
                raise

    return start


class Typist:
    """Types a new first line each time: no answer for another one would do."""

    def __init__(self, client: LspClient) -> None:
        self._client = client
        self._typed = 0

    async def type(self) -> list[str]:
        self._typed += 1
        text = f"v{self._typed} = "
        self._client.insert(URI, 0, 0, f"{text}\n")
        answer = await self._client.inline_completion(URI, 0, len(text))
        return [item["insertText"] for item in answer["items"]]


async def until_it_suggests(client: LspClient) -> None:
    """Type until an answer comes at once, as it does when a switch has been taken over."""
    typist = Typist(client)
    while True:
        asked = asyncio.ensure_future(typist.type())
        done, _ = await asyncio.wait([asked], timeout=0.3)
        if done and asked.result() == ["quick()"]:
            return


async def switch(client: LspClient, command: str, *arguments: Any) -> Any:
    return await client.request(
        "workspace/executeCommand", {"command": command, "arguments": [*arguments]}
    )


async def command_line(folder: Path, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "hedge", *arguments, env=environment(folder), stdout=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "data" / "telemetry.sqlite3")) as connection:
        return connection.execute(query).fetchall()


async def test_a_backup_answers_for_a_primary_that_is_late(folder: Path, serve: Serve) -> None:
    configure(folder, 'primary = "a"\nbackup = "b"\nhedge = { delay_ms = 30 }', a=SLOW, b=QUICK)
    async with serve() as client:
        assert await Typist(client).type() == ["quick()"]
        assert await client.shutdown() == 0
    attempts = rows(
        folder,
        "SELECT p.text, r.text, o.text, c.text, a.won, a.delay_ns >= 30000000 FROM attempt a "
        "JOIN label p ON p.id = a.provider JOIN label r ON r.id = a.role "
        "JOIN label o ON o.id = a.outcome LEFT JOIN label c ON c.id = a.censor_cause "
        "ORDER BY ordinal",
    )
    assert attempts[0] == ("a", "primary", "censored", "race", 0, 0)
    assert attempts[1][:3] + attempts[1][4:] == ("b", "backup", "completed", 1, 1)


async def test_a_client_can_switch_to_another_policy_and_another_provider(
    folder: Path, serve: Serve
) -> None:
    configure(folder, 'primary = "a"\nbackup = ["b"]\nhedge = "race"', a=SLOW, b=QUICK)
    async with serve() as client:
        typist = Typist(client)
        assert await typist.type() == ["quick()"]
        off = await switch(client, "ghostlap.hedge.toggle")
        assert (off["hedge"], off["primary"], off["backup"]) == ("off", "a", ["b"])
        chosen = await switch(client, "ghostlap.provider.select", "b")
        assert chosen["primary"] == "b"
        assert await typist.type() == ["quick()"]
        assert (await switch(client, "ghostlap.provider.select", None))["primary"] == "a"
        assert (await switch(client, "ghostlap.hedge.toggle"))["hedge"] == "race"
        assert (await switch(client, "ghostlap.hedge.set", {"delay_ms": 20}))["hedge"] == {
            "delay_ms": 20
        }
        assert await typist.type() == ["quick()"]
        assert (await switch(client, "ghostlap.hedge.set", None))["hedge"] == "race"


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("ghostlap.hedge.set", ["on"]),
        ("ghostlap.hedge.set", ["race", "race"]),
        ("ghostlap.hedge.toggle", [1]),
        ("ghostlap.provider.select", ["evil"]),
        ("ghostlap.provider.select", ["openai"]),
        ("ghostlap.provider.select", [["a"]]),
    ],
)
async def test_a_switch_that_makes_no_sense_is_refused_in_one_sentence(
    folder: Path, serve: Serve, command: str, arguments: list[Any]
) -> None:
    configure(folder, 'primary = "a"\nbackup = "b"', a=QUICK, b=QUICK)
    async with serve() as client:
        with pytest.raises(LspError, match=f"{command} takes"):
            await switch(client, command, *arguments)
        assert await Typist(client).type() == ["quick()"]


async def test_what_was_switched_outlives_the_server(folder: Path, serve: Serve) -> None:
    configure(folder, 'primary = "a"\nbackup = "b"\nhedge = "race"', a=QUICK, b=QUICK)
    async with serve() as client:
        assert (await switch(client, "ghostlap.hedge.toggle"))["hedge"] == "off"
        assert await client.shutdown() == 0
    async with serve() as client:
        await Typist(client).type()  # so the state was read
        assert (await switch(client, "ghostlap.hedge.toggle"))["hedge"] == "race"


async def test_every_running_server_follows_the_command_line(folder: Path, serve: Serve) -> None:
    configure(folder, 'primary = "a"\nbackup = "b"\nhedge = "off"', a=SLOW, b=QUICK)
    async with serve() as one, serve() as other:
        await command_line(folder, "race")
        for client in (one, other):
            await until_it_suggests(client)


async def test_an_editor_that_changes_the_setting_wants_that_and_not_what_was_switched(
    folder: Path, serve: Serve
) -> None:
    configure(folder, 'primary = "a"\nbackup = "b"\nhedge = "race"', a=SLOW, b=QUICK)
    async with serve() as client:
        await switch(client, "ghostlap.hedge.set", "off")
        client.notify("workspace/didChangeConfiguration", {"settings": {"hedge": {"delay_ms": 20}}})
        await until_it_suggests(client)
        now = await switch(client, "ghostlap.hedge.set", None)
        assert now["hedge"] == {"delay_ms": 20}


async def test_a_bad_key_is_told_of_once_and_the_backup_goes_on(folder: Path, serve: Serve) -> None:
    refused = 'error = "AuthenticationFailed"'
    configure(folder, 'primary = "a"\nbackup = "b"', a=refused, b=QUICK)
    async with serve() as client:
        typist = Typist(client)
        for _ in range(5):
            assert await typist.type() == ["quick()"]
        told = await client.next_notification("window/showMessage")
        assert told["message"].startswith("a: as scripted")
        assert await client.shutdown() == 0
        assert not client.notifications


async def test_a_backup_that_cannot_be_opened_is_told_of_and_left_out(
    folder: Path, serve: Serve
) -> None:
    configure(folder, 'primary = "a"\nbackup = "b"', a=QUICK, b='colour = "red"')
    async with serve() as client:
        assert await Typist(client).type() == ["quick()"]
        told = await client.next_notification("window/showMessage")
        assert "colour" in told["message"]


async def test_the_embedded_engine_sees_the_edits_also_as_a_backup(
    folder: Path, serve: Serve
) -> None:
    configure(folder, 'primary = "a"\nbackup = "embedded"\nhedge = "race"', a=SLOW)
    async with serve() as client:
        client.insert(URI, 0, 0, f"{REPEATED}\n" * 8 + "self.assertAlm")
        answer = await client.inline_completion(URI, 8, len("self.assertAlm"))
        assert answer["items"][0]["insertText"].startswith("ostEqual(")


@pytest.mark.parametrize("hedge", ["{ delay_ms = 30 }", '"adaptive"'])
async def test_the_embedded_engine_answers_behind_a_delay(
    folder: Path, serve: Serve, hedge: str
) -> None:
    configure(folder, f'primary = "a"\nbackup = "embedded"\nhedge = {hedge}', a=SLOW)
    async with serve() as client:
        client.insert(URI, 0, 0, f"{REPEATED}\n" * 8 + "self.assertAlm")
        answer = await client.inline_completion(URI, 8, len("self.assertAlm"))
        assert answer["items"][0]["insertText"].startswith("ostEqual(")


@pytest.mark.parametrize("guesses", [True, False])
async def test_a_guess_is_shown_while_a_slow_provider_works_where_that_is_set(
    folder: Path, serve: Serve, guesses: bool
) -> None:
    switched = f"suggestion.instant_guess = {str(guesses).lower()}"
    configure(folder, f'primary = "a"\n{switched}', a='text = "late()\\n", first_delay_s = 0.5')
    async with serve() as client:
        client.insert(URI, 0, 0, f"{REPEATED}\n" * 8 + "self.assertAlm")
        answer = await client.inline_completion(URI, 8, len("self.assertAlm"))
        shown = answer["items"][0]["insertText"]
        assert shown.startswith("ostEqual(") if guesses else shown == "late()"
        await client.shutdown()
    query = "SELECT text, won FROM attempt JOIN label ON label.id = provider"
    assert sorted(rows(folder, query)) == ([("a", 0), ("embedded", 1)] if guesses else [("a", 1)])
    assert rows(folder, "SELECT count(*) FROM keystroke") == [(1,)]


async def test_toggling_under_load_loses_no_keystroke_and_no_row(
    folder: Path, serve: Serve
) -> None:
    """Twenty keystrokes a second for six seconds, and a switch every fifth of a second."""
    settings = 'primary = "a"\nbackup = "b"\nshadow = "c"'
    quick = 'text = "quick()\\n", first_delay_s = 0.01'
    late = 'text = "quick()\\n", first_delay_s = 0.03'
    configure(folder, settings, a=late, b=quick, c=quick)
    modes = ["off", "race", "adaptive", {"delay_ms": 20}, "failover"]
    keys = 120
    async with serve() as client:
        typist = Typist(client)
        loop = asyncio.get_running_loop()
        begun_s = loop.time()

        async def toggle() -> None:
            for at in range(30):
                await asyncio.sleep(0.2)
                if at % 3 == 2:
                    await switch(client, "ghostlap.provider.select", "ab"[at % 2])
                elif at % 3 == 1:
                    await switch(client, "ghostlap.hedge.toggle")
                else:
                    await switch(client, "ghostlap.hedge.set", modes[at // 3 % len(modes)])

        toggling = asyncio.ensure_future(toggle())
        answers = []
        for key in range(keys):
            await asyncio.sleep(max(0.0, begun_s + key / 20 - loop.time()))
            answers.append(await typist.type())
        await toggling
        assert answers == [["quick()"]] * keys
        assert await client.shutdown() == 0
        assert "Traceback" not in client.stderr
    ((recorded, served),) = rows(
        folder,
        "SELECT count(*), sum(l.text = 'served') FROM keystroke k JOIN label l ON l.id = k.outcome",
    )
    assert (recorded, served) == (keys, keys)
    ((running,),) = rows(
        folder,
        "SELECT count(*) FROM attempt a JOIN label l ON l.id = a.outcome WHERE l.text = 'running'",
    )
    assert running == 0


async def test_toggling_under_load_closes_no_connection_and_opens_none(
    folder: Path, serve: Serve
) -> None:
    """A backup is never due here, so that a connection can only be lost by a switch."""
    said = Answer(("quick()",))  # to its end: what is cut short costs a connection
    async with ScriptedServer(lambda _: said) as first, ScriptedServer(lambda _: said) as second:
        providers = "".join(
            f'[providers.{name}]\nbase_url = "{server.url}"\nmodel = "m"\ndebounce_ms = 0\n'
            for name, server in (("a", first), ("b", second))
        )
        settings = 'primary = "a"\nbackup = "b"\nsuggestion.ahead_percent = 0\n'
        (folder / "config.toml").write_text(settings + providers)
        modes = ["off", {"delay_ms": 2000}, "failover"]
        async with serve() as client:
            typist = Typist(client)
            for name in "ba":
                await switch(client, "ghostlap.provider.select", name)
                assert await typist.type() == ["quick()"]
            before = [len(server.connections) for server in (first, second)]
            for turn in range(30):
                await asyncio.sleep(0.05)
                if turn % 2:
                    await switch(client, "ghostlap.hedge.set", modes[turn // 2 % len(modes)])
                else:
                    await switch(client, "ghostlap.provider.select", "ab"[turn // 2 % 2])
                assert await typist.type() == ["quick()"]
            assert [len(server.connections) for server in (first, second)] == before
            assert [server.open_connections for server in (first, second)] == before
            assert await client.shutdown() == 0
