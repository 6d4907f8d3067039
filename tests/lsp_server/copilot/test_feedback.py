"""What became of a suggestion, by the dialect's messages, from the wire into the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.lsp_server.copilot.conftest import StartPeer

CAFE = "é = '🙂🙂' + done"
"""What is suggested behind `caf`: 15 characters, 17 units of UTF-16."""


async def test_shown_counts_once_however_often_it_is_drawn(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        (item,) = await peer.modern(peer.open("caf█\n"))
        for _ in range(3):
            peer.lsp.notify("textDocument/didShowCompletion", {"item": item})
        assert await peer.recorded() == [("shown", 0)]


async def test_the_items_command_says_that_all_of_it_was_accepted(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        (item,) = await peer.modern(peer.open("caf█\n"))
        for _ in range(2):  # the second is an echo
            assert await peer.lsp.request("workspace/executeCommand", item["command"]) is None
        assert await peer.recorded() == [("accepted", len(CAFE))]


@pytest.mark.parametrize(
    "kept", [("insertText", "range", "command"), ("command",), ("insertText",)]
)
async def test_accepted_parts_are_counted_in_characters_and_each_for_itself(
    start_peer: StartPeer, kept: tuple[str, ...]
) -> None:
    """Clients for Emacs and Helix send less of the item than they got."""
    async with start_peer() as peer:
        await peer.introduce()
        (item,) = await peer.modern(peer.open("caf█\n"))
        assert item["insertText"] == CAFE
        item = {name: item[name] for name in kept}
        for units in (7, 7, 11, 17):  # é = '🙂 | 🙂' + | the rest; one of them comes twice
            params = {"item": item, "acceptedLength": units}
            peer.lsp.notify("textDocument/didPartiallyAcceptCompletion", params)
        assert await peer.recorded() == [
            ("accepted_partly", 6),
            ("accepted_partly", 3),
            ("accepted", 6),
        ]


async def test_a_whole_acceptance_behind_a_part_is_of_the_rest(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        (item,) = await peer.modern(peer.open("caf█\n"))
        part = {"item": item, "acceptedLength": 3}
        peer.lsp.notify("textDocument/didPartiallyAcceptCompletion", part)
        await peer.lsp.request("workspace/executeCommand", item["command"])
        assert await peer.recorded() == [("accepted_partly", 3), ("accepted", len(CAFE) - 3)]


async def test_the_legacy_reports_mean_the_same(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        (first,) = await peer.legacy(peer.open("caf█\n"))
        for _ in range(2):
            await peer.lsp.request("notifyShown", {"uuid": first["uuid"]})
        await peer.lsp.request("notifyAccepted", {"uuid": first["uuid"]})
        (second,) = await peer.legacy(peer.open("print(█\n", uri="file:///b.py"))
        await peer.lsp.request("notifyShown", {"uuid": second["uuid"]})
        await peer.lsp.request("notifyRejected", {"uuids": [second["uuid"], second["uuid"]]})
        assert await peer.recorded() == [
            ("shown", 0),
            ("accepted", len(CAFE)),
            ("shown", 0),
            ("hidden", 0),
            ("rejected", 0),
        ]


@pytest.mark.parametrize(
    ("plugin", "units"),
    [("copilot.vim", 7), ("copilot.lua", len("caf") + 7)],
)
async def test_a_legacy_part_is_counted_from_where_each_client_counts(
    start_peer: StartPeer, plugin: str, units: int
) -> None:
    async with start_peer() as peer:
        await peer.introduce(plugin)
        (completion,) = await peer.legacy(peer.open("caf█\n"))
        params = {"uuid": completion["uuid"], "acceptedLength": units}
        await peer.lsp.request("notifyAccepted", params)
        assert await peer.recorded() == [("accepted_partly", 6)]


async def test_a_clients_name_may_come_behind_the_handshake(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.lsp.initialize()
        named = {"editorInfo": {"name": "Neovim"}, "editorPluginInfo": {"name": "copilot.lua"}}
        await peer.lsp.request("setEditorInfo", named)
        (completion,) = await peer.legacy(peer.open("caf█\n"))
        whole = len(completion["text"].encode("utf-16-le")) // 2
        params = {"uuid": completion["uuid"], "acceptedLength": whole}
        await peer.lsp.request("notifyAccepted", params)
        assert await peer.recorded() == [("accepted", len(CAFE))]


async def test_what_is_cleared_behind_an_acceptance_was_not_rejected(
    start_peer: StartPeer,
) -> None:
    async with start_peer() as peer:
        await peer.introduce("copilot.el")
        (completion,) = await peer.legacy(peer.open("caf█\n"))
        await peer.lsp.request("notifyAccepted", {"uuid": completion["uuid"]})
        await peer.lsp.request("notifyRejected", {"uuids": [completion["uuid"]]})
        assert await peer.recorded() == [("accepted", len(CAFE))]


@pytest.mark.parametrize("edit_comes", ["before", "behind", "never"])
async def test_what_was_typed_over_was_not_rejected(start_peer: StartPeer, edit_comes: str) -> None:
    """copilot.vim says rejected in both cases, and sends the edit with its next request."""
    async with start_peer() as peer:
        await peer.introduce("copilot.vim")
        place = peer.open("caf█\n")
        (completion,) = await peer.legacy(place)
        if edit_comes == "before":
            peer.lsp.insert(place["textDocument"]["uri"], 0, 3, "x")
        await peer.lsp.request("notifyRejected", {"uuids": [completion["uuid"]]})
        if edit_comes == "behind":
            peer.lsp.insert(place["textDocument"]["uri"], 0, 3, "x")
        rejected = [("rejected", 0)] if edit_comes == "never" else []
        assert await peer.recorded() == [("hidden", 0), *rejected]


async def test_a_rejection_stands_when_nothing_is_typed_behind_it(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce("copilot.vim")
        (completion,) = await peer.legacy(peer.open("caf█\n"))
        await peer.lsp.request("notifyRejected", {"uuids": [completion["uuid"]]})
        while ("rejected", 0) not in peer.so_far():
            await peer.lsp.request("getVersion", {})


async def test_reports_of_what_nobody_was_offered_are_no_figures(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        command: dict[str, Any] = {"command": "github.copilot.didAcceptCompletionItem"}
        item: dict[str, Any] = {"item": {"command": {**command, "arguments": ["99-0"]}}}
        item["acceptedLength"] = 1
        peer.lsp.notify("textDocument/didShowCompletion", item)
        peer.lsp.notify("textDocument/didPartiallyAcceptCompletion", item)
        await peer.lsp.request("workspace/executeCommand", item["item"]["command"])
        await peer.lsp.request("notifyAccepted", {"uuid": "99-0"})
        await peer.lsp.request("notifyRejected", {"uuids": ["99-0"]})
        assert await peer.recorded() == []


async def test_a_client_that_never_introduced_itself_reports_by_our_own_ids(
    start_peer: StartPeer,
) -> None:
    async with start_peer() as peer:
        await peer.lsp.initialize()
        (item,) = await peer.modern(peer.open("caf█\n"))
        peer.lsp.notify("textDocument/didShowCompletion", {"item": item})
        part = {"item": item, "acceptedLength": 3}
        peer.lsp.notify("textDocument/didPartiallyAcceptCompletion", part)
        assert await peer.recorded() == [("shown", 0), ("accepted_partly", 3)]
