"""What is suggested, in the shape of each dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.lsp_server.copilot.conftest import Peer, StartPeer


def applied(text: str, edit_range: dict[str, Any], new: str) -> str:
    """Return the line of `text` that the edit is on, edited as a client does: in UTF-16."""
    line = text.split("\n")[edit_range["start"]["line"]].encode("utf-16-le")
    start, end = (2 * edit_range[name]["character"] for name in ("start", "end"))
    edited: bytes = line[:start] + new.encode("utf-16-le") + line[end:]
    return edited.decode("utf-16-le")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("caf█\n", "café = '🙂🙂' + done"),
        ("print(alpha█)\n", "print(alpha, omega)"),
        ("    print(█)\n", "    print(alpha, omega)"),
        ("x = '🙂'\ncafé = '🙂█\n", "café = '🙂🙂' + done"),
    ],
)
async def test_both_dialects_come_to_the_same_line(
    start_peer: StartPeer, text: str, line: str
) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        place = peer.open(text)
        plain = text.replace("█", "")
        (item,) = await peer.modern(place)
        assert item["range"]["start"] == place["position"]
        assert applied(plain, item["range"], item["insertText"]) == line
        (completion,) = await peer.legacy(place)
        assert completion["range"]["start"] == {**place["position"], "character": 0}
        assert applied(plain, completion["range"], completion["text"]) == line
        before = text.partition("█")[0].rpartition("\n")[2]
        assert completion["text"] == before + completion["displayText"]
        assert completion["position"] == place["position"]
        assert completion["docVersion"] == 1


@pytest.mark.parametrize("encodings", [("utf-8",), ("utf-32", "utf-8"), ()])
async def test_the_legacy_messages_count_in_utf_16_whatever_was_agreed_on(
    start_peer: StartPeer, encodings: tuple[str, ...]
) -> None:
    """copilot.vim of 2022 lets Neovim agree on UTF-8, and names itself later."""
    async with start_peer() as peer:
        told = await peer.lsp.initialize(encodings=encodings)
        assert told["capabilities"]["positionEncoding"] == (*encodings, "utf-16")[0]
        text = "café = '🙂█' # 🙂\n"
        place = peer.open(text)
        (completion,) = await peer.legacy(place)
        assert completion["position"] == place["position"]
        plain = text.replace("█", "")
        edited = applied(plain, completion["range"], completion["text"])
        assert edited.startswith("café = '🙂🙂'")
        assert edited.endswith("# 🙂")


async def test_cycling_brings_several_and_the_one_on_display_first(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        place = peer.open("return █\n")
        first, *_ = await peer.legacy(place)
        several = await peer.legacy(place, "getCompletionsCycling")
        assert [each["displayText"] for each in several] == [
            "total_of(first) + total_of(second)",
            "nothing at all",
        ]
        assert several[0]["text"] == first["text"]
        assert len({each["uuid"] for each in several}) == 2
        items = await peer.modern(place, invoked=True)
        assert [each["insertText"] for each in items] == [each["displayText"] for each in several]


async def test_a_text_that_comes_with_the_request_needs_no_opening(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce("copilot.el")
        for version, source in ((1, "caf"), (2, "print("), (3, "print(alpha")):
            position = {"line": 0, "character": len(source)}
            doc = {"uri": "", "version": version, "source": source, "position": position}
            answer = await peer.lsp.request("getCompletions", {"doc": doc})
            assert answer["completions"][0]["text"].startswith(source)


async def test_the_text_of_an_open_document_is_not_replaced_by_a_requests(
    start_peer: StartPeer,
) -> None:
    """copilot-diagnose of Emacs asks with a text of its own."""
    async with start_peer() as peer:
        await peer.introduce("copilot.el")
        place = peer.open("caf█\n")
        nowhere = {"line": 0, "character": 0}
        doc = {**place["textDocument"], "version": 0, "source": "\n", "position": nowhere}
        assert await peer.lsp.request("getCompletions", {"doc": doc}) == {"completions": []}
        assert await peer.legacy(place)


async def test_a_client_that_draws_suggestions_gets_none_in_its_menu(
    start_peer: StartPeer,
) -> None:
    async with start_peer() as peer:
        await peer.lsp.initialize(capabilities={"textDocument": {}})
        place = peer.open("caf█\n")
        menu = await peer.lsp.request("textDocument/completion", place)
        assert menu["items"]
        await peer.legacy(place)
        assert await peer.lsp.request("textDocument/completion", place) is None


async def solutions(peer: Peer) -> list[dict[str, Any]]:
    done = await peer.lsp.next_notification("PanelSolutionsDone")
    assert done == {"panelId": "copilot:///1", "status": "OK"}
    return [params for method, params in peer.lsp.notifications if method == "PanelSolution"]


async def test_a_panel_gets_its_items_one_by_one(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        place = peer.open("return █\n")
        params = {**place, "partialResultToken": 7}
        assert await peer.lsp.request("textDocument/copilotPanelCompletion", params) == {
            "items": []
        }
        parts = [params for method, params in peer.lsp.notifications if method == "$/progress"]
        assert [part["token"] for part in parts] == [7, 7]
        texts = [item["insertText"] for part in parts for item in part["value"]["items"]]
        assert texts == ["total_of(first) + total_of(second)", "nothing at all"]
        whole = await peer.lsp.request("textDocument/copilotPanelCompletion", place)
        assert [item["insertText"] for item in whole["items"]] == texts
        command = whole["items"][1]["command"]
        await peer.lsp.request("workspace/executeCommand", command)
        assert await peer.recorded() == [("accepted", len("nothing at all"))]


async def test_the_legacy_panel_gets_its_solutions_behind_the_answer(
    start_peer: StartPeer,
) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        place = peer.open("return █\n")
        doc = {**place["textDocument"], "position": place["position"]}
        params = {"doc": doc, "panelId": "copilot:///1"}
        target = await peer.lsp.request("getPanelCompletions", params)
        assert not [each for each in peer.lsp.notifications if each[0].startswith("Panel")]
        found = await solutions(peer)
        assert target["solutionCountTarget"] >= len(found) == 2
        assert found[0]["score"] > found[1]["score"]
        assert applied("return \n", found[1]["range"], found[1]["completionText"]) == (
            "return nothing at all"
        )
        await peer.lsp.request("notifyAccepted", {"uuid": found[0]["solutionId"]})
        assert await peer.recorded() == [("accepted", len("total_of(first) + total_of(second)"))]
