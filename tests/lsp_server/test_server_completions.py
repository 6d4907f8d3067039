from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from hashlib import sha1
from typing import Any

import pytest

from ghostlap.lsp_server.client import Call, LspClient, LspError

StartServer = Callable[..., AbstractAsyncContextManager[LspClient]]

URI = "file:///folder/a.py"
WITHOUT_GHOST_TEXT: Any = {"textDocument": {"completion": {}}}


def echoed(prefix: str, suffix: str) -> str:
    digest = sha1(f"{prefix}\0{suffix}".encode(), usedforsecurity=False).hexdigest()[:16]
    return f"⟦{digest}⟧"


def at(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def complete(client: LspClient, line: int, character: int, **context: int) -> Call:
    params = {"textDocument": {"uri": URI}, "position": at(line, character), "context": context}
    return client.start("textDocument/completion", params)


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 13), ("utf-16", 7), ("utf-32", 5)])
async def test_positions_count_as_the_client_counts(
    start_server: StartServer, encoding: str, character: int
) -> None:
    async with start_server() as client:
        await client.initialize(encodings=(encoding,))
        client.open(URI, "python", "# first\nx='😀€\x0c\n")
        column = {"utf-8": 7, "utf-16": 5, "utf-32": 4}[encoding]
        client.insert(URI, 1, column, "😀")
        answer = await client.inline_completion(URI, 1, column + character - column)
        [item] = answer["items"]
        assert item["insertText"] in (
            echoed("# first\nx='😀😀€", "\x0c\n"),
            echoed("# first\nx='😀😀", "€\x0c\n"),
        )


async def test_an_item_is_one_that_every_editor_takes(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        client.open(URI, "python", "x = wi()\n")
        answer = await client.inline_completion(URI, 0, 7)
        [item] = answer["items"]
        assert item["insertText"] == echoed("x = wi(", ")\n")
        assert item["range"] == {"start": at(0, 7), "end": at(0, 7)}
        assert item["command"]["command"] == "ghostlap.accepted"
        assert item["command"]["arguments"] == [1]
        assert set(item) == {"insertText", "range", "command"}


async def test_a_newer_request_answers_the_older_one_with_null(start_server: StartServer) -> None:
    async with start_server("held") as client:
        await client.initialize()
        client.open(URI, "python", "x")
        older = client.inline_completion(URI, 0, 1)
        client.inline_completion(URI, 0, 0)
        assert await older is None


async def test_an_edit_answers_the_request_before_it_with_null(start_server: StartServer) -> None:
    async with start_server("held") as client:
        await client.initialize()
        client.open(URI, "python", "x")
        older = client.inline_completion(URI, 0, 1)
        client.insert(URI, 0, 1, "y")
        assert await older is None


async def test_a_closed_document_answers_its_request_with_null(start_server: StartServer) -> None:
    async with start_server("held") as client:
        await client.initialize()
        client.open(URI, "python", "x")
        older = client.inline_completion(URI, 0, 1)
        client.close(URI)
        assert await older is None


async def test_a_cancelled_request_is_answered_so_and_its_stream_closed(
    start_server: StartServer,
) -> None:
    async with start_server("held") as client:
        await client.initialize()
        client.open(URI, "python", "x")
        call = client.inline_completion(URI, 0, 1)
        await client.stderr_has("held: asked")
        client.cancel(call.id)
        with pytest.raises(LspError) as caught:
            await call
        assert caught.value.code == -32800
        await client.stderr_has("held: closed")


async def test_cancelling_what_is_not_under_way_is_nothing(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        client.open(URI, "python", "x")
        await client.inline_completion(URI, 0, 1)
        unknown: list[Any] = [{"id": 99}, {"id": "99"}, {"id": None}, {"id": [1]}, {}, None, [1]]
        for params in unknown:
            client.notify("$/cancelRequest", params)
        assert (await client.inline_completion(URI, 0, 1))["items"]
        assert client.unmatched == []
        assert client.stderr == ""


async def test_editors_without_ghost_text_get_the_same_suggestion(
    start_server: StartServer,
) -> None:
    async with start_server() as client:
        await client.initialize(capabilities=WITHOUT_GHOST_TEXT)
        client.open(URI, "python", "x = 😀foo\n")
        answer = await complete(client, 0, 9, triggerKind=1)
        assert answer["isIncomplete"] is True
        [item] = answer["items"]
        whole = "foo" + echoed("x = 😀foo", "\n")
        assert item["textEdit"] == {
            "range": {"start": at(0, 6), "end": at(0, 9)},
            "newText": whole,
        }
        assert item["filterText"] == item["label"] == whole
        assert item["preselect"] is True
        assert item["command"]["arguments"] == [1]


async def test_clients_with_ghost_text_do_not_get_it_twice(start_server: StartServer) -> None:
    async with start_server() as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        assert await complete(client, 0, 4) is None


async def test_a_client_that_asks_for_ghost_text_has_it_whatever_it_said(
    start_server: StartServer,
) -> None:
    async with start_server() as client:
        await client.initialize(capabilities=WITHOUT_GHOST_TEXT)
        client.open(URI, "python", "x = ")
        assert (await complete(client, 0, 4))["items"]
        assert (await client.inline_completion(URI, 0, 4))["items"]
        assert await complete(client, 0, 4) is None


async def test_a_permanent_failure_is_shown_once_and_never_again_per_key(
    start_server: StartServer,
) -> None:
    async with start_server("refused") as client:
        await client.initialize()
        client.open(URI, "python", "x = ")
        for _ in range(5):
            assert await client.inline_completion(URI, 0, 4) == {"items": []}
        told = await client.next_notification("window/showMessage")
        assert told == {"type": 2, "message": "refused: the key is wrong — set key_env"}
        assert not client.notifications
        assert client.stderr.count("the key is wrong") == 1


async def test_a_bug_in_a_provider_costs_no_more_than_the_answer(
    start_server: StartServer,
) -> None:
    async with start_server("broken") as client:
        await client.initialize()
        client.open(URI, "python", "secret_code = ")
        assert await client.inline_completion(URI, 0, 14) == {"items": []}
        assert await client.inline_completion(URI, 0, 14) == {"items": []}
        assert not client.notifications
        assert "RuntimeError" in client.stderr
        assert "secret_code" not in client.stderr
