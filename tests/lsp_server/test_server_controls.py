"""Pausing, eagerness and what the server says of itself, over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from ghostlap.lsp_server.client import LspClient, LspError
from ghostlap.lsp_server.controls import Controls

URI = "file:///a.py"
WANTED: dict[str, Any] = {"experimental": {"ghostlapStatus": True}}


async def execute(client: LspClient, command: str, *arguments: Any) -> Any:
    params = {"command": f"ghostlap.{command}", "arguments": [*arguments]}
    return await client.request("workspace/executeCommand", params)


async def items(client: LspClient, uri: str = URI) -> int:
    return len((await client.inline_completion(uri, 0, 4))["items"])


@pytest.mark.parametrize(
    ("scope", "name"), [("document", URI), ("language", "python"), ("all", None)]
)
async def test_what_is_paused_gets_no_suggestions_until_it_is_resumed(
    start_server: Any, scope: str, name: str | None
) -> None:
    async with start_server() as client:
        await client.initialize(capabilities=WANTED)
        client.open(URI, "python", "x = ")
        assert await items(client) == 1
        await execute(client, "pause", {"scope": scope, "name": name, "on": True})
        assert await items(client) == 0
        while "excluded" not in (said := await client.next_notification("ghostlap/status")):
            pass
        assert said["uri"] == URI
        assert "paused" in said["excluded"]
        await execute(client, "pause", {"scope": scope, "name": name, "on": False})
        assert await items(client) == 1
        while "excluded" not in (said := await client.next_notification("ghostlap/status")):
            pass
        assert said["excluded"] is None


async def test_a_pause_of_one_document_or_language_leaves_the_others(start_server: Any) -> None:
    async with start_server() as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        client.open("file:///b.lua", "lua", "x = ")
        await execute(client, "pause", {"scope": "language", "name": "python", "on": True})
        await execute(client, "pause", {"scope": "document", "name": "file:///c", "on": True})
        assert await items(client, "file:///b.lua") == 1


async def test_the_status_says_who_is_asked_and_how_fast_it_was(start_server: Any) -> None:
    async with start_server() as client:
        await client.initialize(capabilities=WANTED)
        client.open(URI, "python", "x = ")
        assert await items(client) == 1
        while "p50Ms" not in (said := await client.next_notification("ghostlap/status")):
            pass
        assert said["shown"] == 1
        status = await execute(client, "status")
        assert status["state"] == "ready"
        assert status["primary"] == "echo"
        assert status["hedge"] == "off"
        assert status["p50Ms"] > 0


async def test_an_error_that_only_the_user_can_end_stands_in_the_status(start_server: Any) -> None:
    async with start_server("refused") as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        assert await items(client) == 0
        status = await execute(client, "status")
        assert status["state"] == "error"
        assert "key" in status["message"]


@pytest.mark.parametrize(
    ("command", "argument"),
    [
        ("pause", {"scope": "some", "on": True}),
        ("pause", {"scope": "document", "on": True}),
        ("pause", {"scope": "all", "on": "yes"}),
        ("pause", 1),
        ("eagerness", "wild"),
        ("eagerness", ["eager"]),
    ],
)
async def test_a_command_without_sense_is_refused_with_what_it_takes(
    start_server: Any, command: str, argument: Any
) -> None:
    async with start_server() as client:
        await client.initialize()
        with pytest.raises(LspError, match=f"ghostlap.{command} takes"):
            await execute(client, command, argument)


def test_eager_waits_for_nothing_and_calm_for_a_pause() -> None:
    controls = Controls()
    assert controls.paced(0.02, 0.3) == (0.02, 0.3)
    controls.execute("ghostlap.eagerness", ["eager"])
    assert controls.paced(0.02, 0.3) == (0.0, 0.0)
    controls.execute("ghostlap.eagerness", ["calm"])
    least_s, most_s = controls.paced(0.02, 0.3)
    assert least_s == most_s > 0.3
