from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from ghostlap.lsp_server.client import LspClient, LspError

StartServer = Callable[..., AbstractAsyncContextManager[LspClient]]

URI = "file:///folder/a.py"


def change_settings(client: LspClient, settings: Any) -> None:
    client.notify("workspace/didChangeConfiguration", {"settings": settings})


async def suggests(client: LspClient) -> bool:
    return bool((await client.inline_completion(URI, 0, 4))["items"])


async def test_another_provider_is_asked_at_once_and_the_old_one_closed(
    start_server: StartServer,
) -> None:
    async with start_server("held") as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        held = client.inline_completion(URI, 0, 4)
        await client.stderr_has("held: asked")
        change_settings(client, {"ghostlap": {"primary": "echo"}})
        client.cancel(held.id)
        with pytest.raises(LspError):
            await held
        await client.stderr_has("held: provider closed")
        assert await suggests(client)
        assert not client.notifications


async def test_the_initialization_options_are_settings(start_server: StartServer) -> None:
    async with start_server("held") as client:
        await client.initialize(options={"primary": "echo"})
        client.open(URI, "python", "x = ")
        assert await suggests(client)


async def test_settings_that_an_editor_takes_back_fall_back_to_the_file(
    start_server: StartServer,
) -> None:
    async with start_server("echo") as client:
        await client.initialize(options={"primary": "broken"})
        client.open(URI, "python", "x = ")
        assert not await suggests(client)
        change_settings(client, {})
        await client.stderr_has("broken: provider closed")
        assert await suggests(client)


async def test_a_setting_that_leaves_the_provider_alone_does_not_replace_it(
    start_server: StartServer,
) -> None:
    async with start_server("echo") as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        change_settings(client, {"debounce_ms": 1, "suggestion": {"max_tokens": 3}})
        change_settings(client, {"debounce_ms": "soon"})
        await client.next_notification("window/showMessage")  # so the first was applied, too
        assert await suggests(client)
        assert "provider closed" not in client.stderr


async def test_each_problem_is_shown_once_and_names_the_setting(
    start_server: StartServer,
) -> None:
    async with start_server("echo") as client:
        await client.initialize(options={"debounce_ms": -1})
        client.open(URI, "python", "x = ")
        told = await client.next_notification("window/showMessage")
        assert told["type"] == 2
        assert "debounce_ms" in told["message"]
        change_settings(client, {"debounce_ms": -1})
        change_settings(client, {"ghostlap": {"colour": "red"}})
        told = await client.next_notification("window/showMessage")
        assert "colour" in told["message"]
        assert await suggests(client)


async def test_problems_of_the_file_are_shown_when_the_editor_can_show_them(
    start_server: StartServer,
) -> None:
    async with start_server(config='primary = "echo"\ndebounce = 3\n[providers.echo]\n') as client:
        await client.initialize()
        told = await client.next_notification("window/showMessage")
        assert "debounce" in told["message"]


async def test_an_editor_cannot_define_a_provider(start_server: StartServer) -> None:
    async with start_server("echo") as client:
        theirs = {"evil": {"base_url": "http://127.0.0.1:9/v1"}}
        await client.initialize(options={"primary": "evil", "providers": theirs})
        client.open(URI, "python", "x = ")
        assert await suggests(client)
        shown = [await client.next_notification("window/showMessage") for _ in range(2)]
        assert any("providers" in each["message"] for each in shown)
        assert any("primary" in each["message"] for each in shown)


async def test_settings_are_asked_for_when_the_client_says_only_that_they_changed(
    start_server: StartServer,
) -> None:
    asked: list[Any] = []

    def answer(params: Any) -> list[Any]:
        asked.append(params)
        return [{"primary": "echo"}]

    async with start_server("held", answers={"workspace/configuration": answer}) as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        change_settings(client, None)
        await client.stderr_has("held: provider closed")
        assert await suggests(client)
        assert asked == [{"items": [{"section": "ghostlap"}]}]


@pytest.mark.parametrize("options", [3, []])
async def test_settings_of_any_shape_do_no_harm(start_server: StartServer, options: Any) -> None:
    async with start_server("echo") as client:
        await client.initialize(options=options)
        client.open(URI, "python", "x = ")
        shapes: list[Any] = [[], 3, "x", {"ghostlap": 3}, {"ghostlap": None}]
        for settings in shapes:
            change_settings(client, settings)
        with pytest.raises(LspError):
            await client.request("ghostlap/none")  # so they were all taken in
        assert await suggests(client)
        assert await client.shutdown() == 0
        assert "Error" not in client.stderr
