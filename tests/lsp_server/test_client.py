from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ghostlap.lsp_server.client import LspClient, LspError, ServerGone
from ghostlap.telemetry import monotonic_ns

COMMAND = [sys.executable, "-I", str(Path(__file__).with_name("wire_server.py")), "auto"]
URI = "file:///project/module.py"


@pytest.fixture
async def client() -> AsyncIterator[LspClient]:
    async with LspClient.spawn(COMMAND) as client:
        yield client


async def test_answers_find_their_requests_in_any_order(client: LspClient) -> None:
    calls = [client.start("hold", number) for number in range(3)]
    client.notify("release")

    assert [await call for call in calls] == [0, 1, 2]
    assert calls[2].received_ns <= calls[0].received_ns


async def test_a_call_knows_when_it_was_sent_and_answered(client: LspClient) -> None:
    before_ns = monotonic_ns()
    call = client.start("echo")
    assert call.received_ns == 0
    await call

    assert before_ns <= call.sent_ns <= call.received_ns <= monotonic_ns()


async def test_an_error_is_raised_where_it_is_awaited(client: LspClient) -> None:
    with pytest.raises(LspError) as raised:
        await client.request("fail", {"code": -32800, "message": "Cancelled."})

    assert (raised.value.code, raised.value.message) == (-32800, "Cancelled.")


async def test_a_call_that_nobody_awaits_may_fail_in_silence(client: LspClient) -> None:
    client.start("fail", {"code": -32800, "message": "Cancelled."})

    assert await client.request("echo", 1) == 1


async def test_an_answer_that_nobody_waits_for_any_more_is_stamped(client: LspClient) -> None:
    call = client.start("hold")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call, 0.001)
    client.notify("release")
    await client.request("echo")

    assert call.received_ns > call.sent_ns


async def test_a_cancel_names_the_request() -> None:
    async with LspClient.spawn(COMMAND) as client:
        call = client.start("hold")
        client.cancel(call.id)  # this server knows no cancel, and says so
        await client.request("echo")

        await client.stderr_has("on_$/cancelRequest")


@pytest.mark.parametrize(
    ("method", "params", "answer"),
    [
        ("workspace/configuration", {"items": [{"section": "a"}, {}]}, [None, None]),
        ("client/registerCapability", {"registrations": []}, None),
        ("window/workDoneProgress/create", {"token": 1}, None),
        ("workspace/applyEdit", {"edit": {}}, {"applied": False}),
    ],
)
async def test_a_request_of_the_server_is_answered_from_the_table(
    client: LspClient, method: str, params: Any, answer: Any
) -> None:
    client.notify("ask", {"method": method, "params": params})

    reply = await client.next_notification("test/answered")
    assert reply == {"jsonrpc": "2.0", "id": "mine", "result": answer}


async def test_an_unknown_request_of_the_server_is_answered_with_an_error(
    client: LspClient,
) -> None:
    client.notify("ask", {"method": "workspace/unheardOf"})

    reply = await client.next_notification("test/answered")
    assert reply["error"]["code"] == -32601


async def test_the_table_can_be_overridden() -> None:
    def refuse(_params: Any) -> None:
        raise LspError(-32099, "Not now.")

    def break_down(_params: Any) -> None:
        raise KeyError("x")

    answers = {
        "workspace/configuration": lambda _params: [{"provider": "local"}],
        "window/showDocument": refuse,
        "workspace/applyEdit": break_down,
    }
    async with LspClient.spawn(COMMAND, answers=answers) as client:
        replies = []
        for method in answers:
            client.notify("ask", {"method": method})
            replies.append(await client.next_notification("test/answered"))

    assert replies[0]["result"] == [{"provider": "local"}]
    assert replies[1]["error"] == {"code": -32099, "message": "Not now."}
    assert replies[2]["error"]["code"] == -32603


async def test_notifications_are_kept_in_order_and_handed_over() -> None:
    heard: list[tuple[str, Any]] = []
    async with LspClient.spawn(
        COMMAND, on_notification=lambda method, params: heard.append((method, params))
    ) as client:
        client.notify("pour", {"count": 3, "size": 1})
        await client.request("echo")

        assert list(client.notifications) == heard
        assert [params[0] for _, params in heard] == [0, 1, 2]
        assert await client.next_notification("test/poured") == [0, "x"]
        assert len(client.notifications) == 2


async def test_a_callback_that_raises_does_not_stop_the_client() -> None:
    def fail(_method: str, _params: Any) -> None:
        raise RuntimeError

    async with LspClient.spawn(COMMAND, on_notification=fail) as client:
        client.notify("pour", {"count": 1, "size": 1})

        assert await client.request("echo", 1) == 1


async def test_a_notification_can_be_waited_for(client: LspClient) -> None:
    waiting = asyncio.create_task(client.next_notification("test/poured"))
    await asyncio.sleep(0)
    client.notify("pour", {"count": 1, "size": 1})

    assert await waiting == [0, "x"]
    assert not client.notifications


async def test_the_handshake_offers_what_it_is_told_to(client: LspClient, tmp_path: Path) -> None:
    result = await client.initialize(
        root=tmp_path, encodings=["utf-8", "utf-16"], options={"provider": "local"}
    )

    seen = result["seen"]
    assert client.encoding == "utf-8"
    assert client.capabilities == {"positionEncoding": "utf-8"}
    assert seen["rootUri"] == tmp_path.as_uri()
    assert seen["workspaceFolders"] == [{"uri": tmp_path.as_uri(), "name": tmp_path.name}]
    assert seen["initializationOptions"] == {"provider": "local"}
    assert seen["capabilities"]["general"]["positionEncodings"] == ["utf-8", "utf-16"]
    assert "inlineCompletion" in seen["capabilities"]["textDocument"]
    await client.next_notification("test/initialized")


async def test_a_handshake_without_encodings_and_root_is_utf_16(client: LspClient) -> None:
    result = await client.initialize(encodings=(), capabilities={"window": {}})

    assert client.encoding == "utf-16"
    assert "general" not in result["seen"]["capabilities"]
    assert result["seen"]["capabilities"]["window"] == {}
    assert result["seen"]["rootUri"] is None


async def test_documents_are_spoken_of_as_lsp_has_it() -> None:
    async with LspClient.spawn([sys.executable, "-c", MIRROR]) as client:
        client.open(URI, "python", "a")
        client.insert(URI, 0, 1, "b")
        client.change(URI, {"text": "c"}, {"text": "d"})
        client.inline_completion(URI, 0, 1, trigger_kind=1)
        client.close(URI)
        client.open(URI, "python", "e")
        client.insert(URI, 0, 0, "f")
        seen = [await client.next_notification("seen") for _ in range(7)]

    document = {"uri": URI}
    at = {"line": 0, "character": 1}
    assert [message["method"].removeprefix("textDocument/") for message in seen] == [
        *("didOpen", "didChange", "didChange", "inlineCompletion", "didClose"),
        *("didOpen", "didChange"),
    ]
    assert seen[0]["params"] == {
        "textDocument": {"uri": URI, "languageId": "python", "version": 1, "text": "a"}
    }
    assert seen[1]["params"] == {
        "textDocument": {"uri": URI, "version": 2},
        "contentChanges": [{"range": {"start": at, "end": at}, "text": "b"}],
    }
    assert seen[2]["params"]["textDocument"]["version"] == 3
    assert seen[2]["params"]["contentChanges"] == [{"text": "c"}, {"text": "d"}]
    assert seen[3]["params"] == {
        "textDocument": document,
        "position": at,
        "context": {"triggerKind": 1},
    }
    assert seen[4]["params"] == {"textDocument": document}
    assert seen[6]["params"]["textDocument"]["version"] == 2


# Tells what it hears, and is not made of our wire.
MIRROR = """
import json, sys
while header := sys.stdin.buffer.readline():
    sys.stdin.buffer.readline()
    message = json.loads(sys.stdin.buffer.read(int(header.split(b":")[1])))
    body = json.dumps({"jsonrpc": "2.0", "method": "seen", "params": message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
    sys.stdout.buffer.flush()
"""


async def test_shutdown_gives_the_exit_code(client: LspClient) -> None:
    await client.initialize()

    assert await client.shutdown() == 0


async def test_a_server_that_does_not_shut_down_is_not_waited_for() -> None:
    async with LspClient.spawn([sys.executable, "-c", "input()"]) as client:
        with pytest.raises(TimeoutError):
            await client.shutdown(timeout_s=0.01)


async def test_the_exit_code_of_a_crash_is_known(client: LspClient) -> None:
    client.notify("crash")

    assert await client.wait() == 3


async def test_a_crash_ends_what_waits_for_the_server(client: LspClient) -> None:
    waiting = asyncio.create_task(client.next_notification("never"))
    call = client.start("hold")
    client.notify("crash")

    with pytest.raises(ServerGone, match="before it answered hold"):
        await call
    with pytest.raises(ServerGone, match="before it sent never"):
        await waiting
    with pytest.raises(ServerGone):
        await client.request("echo")
    with pytest.raises(ServerGone):
        await client.next_notification("never")


async def test_a_command_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        async with LspClient.spawn([str(Path(__file__).with_name("no such server"))]):
            pass


async def test_leaving_the_context_ends_the_server() -> None:
    async with LspClient.spawn(COMMAND) as client:
        await client.request("echo")

    assert await client.wait() != 0


async def test_leaving_the_context_does_not_wait_for_the_servers_children() -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, file=sys.stderr, flush=True)\n"
        "input()"
    )
    async with LspClient.spawn([sys.executable, "-c", code]) as client:
        client.send_bytes(b"x" * 1_000_000)  # more than the pipe takes
        await client.stderr_has("\n")
    os.kill(int(client.stderr), signal.SIGTERM)  # raises if it is gone


async def test_stderr_is_read_however_much_there_is() -> None:
    size = 3_000_000
    code = f"import sys; sys.stderr.write('x' * {size} + 'end'); sys.stderr.flush(); input()"
    heard = bytearray()
    async with LspClient.spawn([sys.executable, "-c", code], on_stderr=heard.extend) as client:
        await client.stderr_has("xend")

        assert len(heard) == size + len("end")
        assert len(client.stderr) < 100_000


async def test_words_that_a_server_never_writes_are_not_waited_for(client: LspClient) -> None:
    client.notify("exit")

    with pytest.raises(ServerGone, match="without saying"):
        await client.stderr_has("never")


async def test_what_a_server_prints_between_messages_is_noted() -> None:
    code = (
        "import sys\n"
        "sys.stdout.write('hello\\n\\n')\n"
        "for body in '{}{', '[]', '{\"method\":\"ready\"}':\n"
        "    sys.stdout.write(f'Content-Length: {len(body)}\\n\\n{body}')\n"
        "sys.stdout.flush()\n"
        "input()"
    )
    async with LspClient.spawn([sys.executable, "-c", code]) as client:
        await client.next_notification("ready")

    assert client.protocol_errors == [
        "no valid Content-Length",
        "a body that is not JSON",
        "a message that is no object",
    ]


async def test_environment_and_folder_are_the_servers(tmp_path: Path) -> None:
    code = "import os, sys; sys.stderr.write(os.environ['WHO'] + ' ' + os.getcwd())"
    async with LspClient.spawn(
        [sys.executable, "-c", code], env={"WHO": "me"}, cwd=tmp_path
    ) as client:
        assert await client.wait() == 0
        await client.stderr_has(tmp_path.name)

    assert client.stderr == f"me {tmp_path}"
