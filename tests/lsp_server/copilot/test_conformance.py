"""Every message of the dialect, over stdio: as it should be, out of order, short of a member, with
members that nobody knows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from ghostlap.lsp_server.client import LspError

if TYPE_CHECKING:
    from tests.lsp_server.copilot.conftest import Peer, StartPeer

NOT_INITIALIZED, INVALID_REQUEST, INVALID_PARAMS = -32002, -32600, -32602

TEXT = "first = 1\nreturn █\n"
SHOWN = "total_of(first) + total_of(second)"
FIRST_LINE = f"return {SHOWN}"


@dataclass(frozen=True)
class Scene:
    """What was said so far: a document is open, and suggestions were offered in both dialects."""

    place: Mapping[str, Any]
    item: Mapping[str, Any]
    uuid: str

    @property
    def doc(self) -> dict[str, Any]:
        return {**self.place["textDocument"], "position": self.place["position"], "tabSize": 4}


@dataclass(frozen=True)
class Message:
    method: str
    params: Callable[[Scene], Any]
    answer: Callable[[Any], object] = lambda result: result is None
    """Says whether a result is right."""
    required: tuple[str, ...] = ()
    """Members that it is refused without, or with another kind of value."""


def has_first_line(completions: Any) -> bool:
    return all(each["text"] in (FIRST_LINE, "return nothing at all") for each in completions)


REQUESTS = [
    Message("checkStatus", lambda _: {"options": {"localChecksOnly": True}}, lambda r: r["user"]),
    Message("signIn", lambda _: {}, lambda r: r["status"] == "AlreadySignedIn" and r["user"]),
    Message("signInInitiate", lambda _: {}, lambda r: r["status"] == "AlreadySignedIn"),
    Message("signInConfirm", lambda _: {"userCode": "A"}, lambda r: r["status"] == "OK"),
    Message("signOut", lambda _: {}, lambda r: r["status"] == "NotSignedIn"),
    Message("getVersion", lambda _: {}, lambda r: r["version"] and r["runtimeVersion"]),
    Message(
        "setEditorInfo",
        lambda _: {"editorInfo": {"name": "e", "version": "1"}, "networkProxy": {"host": "h"}},
        lambda r: r == "OK",
    ),
    Message(
        "copilot/models",
        lambda _: {},
        lambda r: (
            [each["id"] for each in r if each.get("default")] == ["swift"]
            and all(each["modelName"] and "completion" in each["scopes"] for each in r)
        ),
    ),
    Message(
        "textDocument/inlineCompletion",
        lambda scene: {
            **scene.place,
            "context": {"triggerKind": 2},
            "formattingOptions": {"tabSize": 4, "insertSpaces": True},
        },
        lambda r: [each["insertText"] for each in r["items"]] == [SHOWN],
        ("textDocument", "textDocument.uri", "position", "position.line", "position.character"),
    ),
    Message(
        "textDocument/copilotInlineEdit",
        lambda scene: {**scene.place, "context": {"triggerKind": 2}},
        lambda r: r == {"edits": []},
    ),
    Message(
        "textDocument/copilotPanelCompletion",
        lambda scene: {**scene.place, "partialResultToken": "panel"},
        lambda r: r == {"items": []},
        ("textDocument", "textDocument.uri", "position", "position.line"),
    ),
    Message(
        "getCompletions",
        lambda scene: {"doc": scene.doc},
        lambda r: r["completions"] and has_first_line(r["completions"]),
        ("doc", "doc.uri", "doc.position", "doc.position.line", "doc.position.character"),
    ),
    Message(
        "getCompletionsCycling",
        lambda scene: {"doc": scene.doc},
        lambda r: len(r["completions"]) == 2 and has_first_line(r["completions"]),
        ("doc", "doc.uri", "doc.position"),
    ),
    Message(
        "getPanelCompletions",
        lambda scene: {"doc": scene.doc, "panelId": "copilot:///1"},
        lambda r: r["solutionCountTarget"] >= 1,
        ("doc", "doc.uri", "doc.position", "panelId"),
    ),
    Message("notifyShown", lambda scene: {"uuid": scene.uuid}, lambda r: r == "OK", ("uuid",)),
    Message(
        "notifyAccepted",
        lambda scene: {"uuid": scene.uuid, "acceptedLength": 3},
        lambda r: r == "OK",
        ("uuid",),
    ),
    Message("notifyRejected", lambda s: {"uuids": [s.uuid]}, lambda r: r == "OK", ("uuids",)),
    Message(
        "workspace/executeCommand",
        lambda scene: dict(scene.item["command"]),
        required=("command", "arguments", "arguments.0"),
    ),
]

NOTIFICATIONS = [
    Message("textDocument/didFocus", lambda scene: {"textDocument": scene.place["textDocument"]}),
    Message("textDocument/didFocus", lambda _: {}),
    Message(
        "textDocument/didShowCompletion",
        lambda scene: {"item": scene.item},
        required=("item", "item.command", "item.command.arguments"),
    ),
    Message(
        "textDocument/didPartiallyAcceptCompletion",
        lambda scene: {"item": scene.item, "acceptedLength": 3},
        required=("item", "item.command", "acceptedLength"),
    ),
    Message("textDocument/didShowInlineEdit", lambda scene: {"item": scene.item}),
    Message(
        "workspace/didChangeConfiguration",
        lambda _: {
            "settings": {
                "http": {"proxy": None, "proxyStrictSSL": None},
                "telemetry": {"telemetryLevel": "all"},
                "github-enterprise": {"uri": "https://example.invalid"},
                "github": {"copilot": {"selectedCompletionModel": ""}},
            }
        },
    ),
    Message("initialized", lambda _: {}),
    Message("$/setTrace", lambda _: {"value": "off"}),
    Message("$/cancelRequest", lambda _: {"id": 4711}),
]


def name_of(message: Message) -> str:
    return message.method


async def refused(peer: Peer, message: Message, params: Any) -> int:
    try:
        result = await peer.lsp.request(message.method, params)
    except LspError as error:
        return error.code
    pytest.fail(f"{message.method} {params} was answered: {result}")


async def set_the_scene(peer: Peer) -> Scene:
    place = peer.open(TEXT)
    (item,) = await peer.modern(place)
    completion, *_ = await peer.legacy(place)
    return Scene(place, item, completion["uuid"])


def a_scene_before_any() -> Scene:
    place = {
        "textDocument": {"uri": "file:///a.py", "version": 1},
        "position": {"line": 1, "character": 7},
    }
    command = {"command": "github.copilot.didAcceptCompletionItem", "arguments": ["1-0"]}
    return Scene(place, {"insertText": "x", "command": command}, "1-0")


def without(params: Any, required: tuple[str, ...]) -> Iterator[Any]:
    """The params short of each required member, and with each of a kind that it never is."""
    for path in required:
        for change in ("missing", 7.5, None, {"a": 1} if "0" in path else [[]]):
            changed = copy.deepcopy(params)
            *way, last = path.split(".")
            inner: Any = changed
            for name in way:
                inner = inner[int(name) if isinstance(inner, list) else name]
            if isinstance(inner, list):
                inner[:] = [] if change == "missing" else [change]
            elif change == "missing":
                del inner[last]
            else:
                inner[last] = change
            yield changed


def grown(value: Any) -> Any:
    """The same, with members in each object that nobody knows, as copilot.lua sends its `_`."""
    if isinstance(value, Mapping):
        return {
            "_": True,
            **{name: grown(each) for name, each in value.items()},
            "x": {"y": [None]},
        }
    return [grown(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("message", REQUESTS, ids=name_of)
async def test_a_request_is_served_as_it_should_be_and_refused_where_it_cannot_be(
    message: Message, start_peer: StartPeer
) -> None:
    async with start_peer() as peer:
        early = message.params(a_scene_before_any())
        assert await refused(peer, message, early) == NOT_INITIALIZED
        await peer.introduce()
        scene = await set_the_scene(peer)
        params = message.params(scene)
        for short in without(params, message.required):
            assert await refused(peer, message, short) == INVALID_PARAMS
        if message.required:
            assert await refused(peer, message, None) == INVALID_PARAMS
        else:
            assert message.answer(await peer.lsp.request(message.method))
        assert message.answer(await peer.lsp.request(message.method, grown(params)))
        assert message.answer(await peer.lsp.request(message.method, params))
        peer.lsp.notify(message.method, params)  # without an id there is nobody to answer
        assert await peer.modern(dict(scene.place))
        await peer.lsp.request("shutdown")
        assert await refused(peer, message, params) == INVALID_REQUEST
        assert not peer.lsp.unmatched


@pytest.mark.parametrize("message", NOTIFICATIONS, ids=name_of)
async def test_a_notification_never_ends_the_service(
    message: Message, start_peer: StartPeer
) -> None:
    async with start_peer() as peer:
        peer.lsp.notify(message.method, message.params(a_scene_before_any()))
        await peer.introduce()
        peer.lsp.notify(message.method, message.params(a_scene_before_any()))
        scene = await set_the_scene(peer)
        params = message.params(scene)
        for said in (*without(params, message.required), None, [], "x", grown(params), params):
            peer.lsp.notify(message.method, said)
        assert await refused(peer, message, params) in (INVALID_REQUEST, -32601)
        assert await peer.modern(dict(scene.place))
        assert not [each for each in peer.lsp.notifications if each[0] == "window/showMessage"]
        assert await peer.lsp.shutdown(timeout_s=20) == 0
        assert not peer.lsp.unmatched


DOCUMENT_REQUESTS = [each for each in REQUESTS if "position" in " ".join(each.required)]


@pytest.mark.parametrize("message", DOCUMENT_REQUESTS, ids=name_of)
async def test_a_document_that_is_not_open_is_not_completed(
    message: Message, start_peer: StartPeer
) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        params = message.params(a_scene_before_any())
        if message.method == "getPanelCompletions":
            await peer.lsp.request(message.method, params)
            done = await peer.lsp.next_notification("PanelSolutionsDone")
            assert done["status"] == "Error"
        else:
            assert await refused(peer, message, params) == INVALID_PARAMS


async def test_requests_of_one_document_are_answered_whatever_their_order(
    start_peer: StartPeer,
) -> None:
    async with start_peer("slow") as peer:
        await peer.introduce()
        place = peer.open(TEXT)
        doc = {"doc": {**place["textDocument"], "position": place["position"]}}
        first = peer.lsp.start("textDocument/inlineCompletion", place)
        second = peer.lsp.start("getCompletions", doc)
        third = peer.lsp.start("getCompletions", doc)
        panel = peer.lsp.start("textDocument/copilotPanelCompletion", place)
        last = peer.lsp.start("getCompletions", doc)
        assert await first is None  # superseded: what is on display stays
        assert await second == {"completions": []}
        assert await third == {"completions": []}
        assert await panel == {"items": []}
        (completion,) = (await last)["completions"]
        assert completion["displayText"] == SHOWN


async def test_a_request_about_an_older_version_is_not_asked_about(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        place = peer.open(TEXT)
        peer.lsp.insert(place["textDocument"]["uri"], 1, 7, "t")
        old = {**place["textDocument"], "position": place["position"]}
        assert await peer.lsp.request("textDocument/inlineCompletion", place) is None
        assert await peer.lsp.request("getCompletions", {"doc": old}) == {"completions": []}
        newest = {"uri": place["textDocument"]["uri"], "version": 2}
        at = {"line": 1, "character": 8}
        (item,) = await peer.modern({"textDocument": newest, "position": at})
        assert item["insertText"] == SHOWN[1:]


async def test_a_cancelled_request_is_answered_as_such(start_peer: StartPeer) -> None:
    async with start_peer("slow") as peer:
        await peer.introduce()
        place = peer.open(TEXT)
        call = peer.lsp.start("getCompletions", {"doc": {**place["textDocument"], **place}})
        peer.lsp.cancel(call.id)
        with pytest.raises(LspError) as raised:
            await call
        assert raised.value.code == -32800


async def test_the_server_says_that_it_is_ghostlap_and_that_positions_are_in_utf_16(
    start_peer: StartPeer,
) -> None:
    async with start_peer() as peer:
        told = await peer.introduce(encodings=("utf-8", "utf-32", "utf-16"))
        assert told["serverInfo"]["name"] == "ghostlap"
        assert told["capabilities"]["positionEncoding"] == "utf-16"
        offered = told["capabilities"]["executeCommandProvider"]["commands"]
        assert "github.copilot.didAcceptCompletionItem" in offered


async def test_a_client_of_another_kind_sees_nothing_of_the_dialect(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        told = await peer.lsp.initialize(encodings=("utf-8", "utf-16"))
        assert told["capabilities"]["positionEncoding"] == "utf-8"
        assert "copilot" not in str(told)
        place = peer.open(TEXT)
        (item,) = await peer.modern(place)
        assert item["command"]["command"] == "ghostlap.accepted"
        assert "didChangeStatus" not in dict(peer.lsp.notifications)


@pytest.mark.parametrize("capabilities", [None, [], "none"])
async def test_a_client_that_has_no_capabilities_may_introduce_itself(
    start_peer: StartPeer, capabilities: Any
) -> None:
    options = {"editorInfo": {"name": "Emacs", "version": "27"}}
    params = {"capabilities": capabilities, "initializationOptions": options}
    async with start_peer() as peer:
        assert (await peer.lsp.request("initialize", params))["serverInfo"]
        peer.lsp.notify("initialized", {})
        assert await peer.legacy(peer.open(TEXT))


async def test_a_message_without_the_mark_of_json_rpc_is_served(start_peer: StartPeer) -> None:
    """Vim's channels leave it out."""
    async with start_peer() as peer:
        await peer.introduce()
        body = b'{"method":"checkStatus","params":{},"id":"own"}'
        peer.lsp.send_bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        assert await peer.lsp.request("getVersion", {})
        (answer,) = peer.lsp.unmatched
        assert (answer["id"], answer["result"]["status"]) == ("own", "OK")
