"""What the client is told of the server's state, and what it may switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.lsp_server.copilot.conftest import Peer, StartPeer


def settings_that_pick(model: str | None) -> dict[str, Any]:
    return {"settings": {"github": {"copilot": {"selectedCompletionModel": model}}}}


async def default_model(peer: Peer) -> str:
    models = await peer.lsp.request("copilot/models", {})
    (name,) = [each["id"] for each in models if each["default"]]
    return str(name)


async def test_the_status_says_who_is_asked_and_how_hedging_stands(start_peer: StartPeer) -> None:
    async with start_peer(more='backup = "sixty"\nhedge = "race"') as peer:
        await peer.introduce()
        while "race" not in (told := await peer.status("Normal"))["message"]:
            pass
        assert told["busy"] is False
        assert "swift" in told["message"]
        command = {"command": "ghostlap.hedge.set", "arguments": [{"delay_ms": 150}]}
        await peer.lsp.request("workspace/executeCommand", command)
        while "after 150 ms" not in (await peer.status("Normal"))["message"]:
            pass


async def test_an_error_that_the_user_can_end_is_told_until_it_is_ended(
    start_peer: StartPeer,
) -> None:
    async with start_peer("refused", more='editor_may_select = ["swift"]') as peer:
        await peer.introduce()
        assert await peer.modern(peer.open("caf█\n")) == []
        told = await peer.status("Error")
        assert "set key_env" in told["message"]
        peer.lsp.notify("workspace/didChangeConfiguration", settings_that_pick("swift"))
        await peer.status("Normal")


async def test_a_pause_makes_it_inactive(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        pause = {"command": "ghostlap.pause", "arguments": [{"scope": "all", "on": True}]}
        await peer.lsp.request("workspace/executeCommand", pause)
        assert (await peer.status("Inactive"))["message"] == "paused"


@pytest.mark.parametrize("legacy", [False, True])
async def test_a_document_that_is_kept_back_makes_it_inactive_while_it_is_worked_on(
    start_peer: StartPeer, legacy: bool
) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        ask = peer.legacy if legacy else peer.modern
        secret = peer.open("caf█\n", uri="file:///project/.env")
        assert await ask(secret) == []
        told = await peer.status("Inactive")
        assert told["message"].startswith("nothing of this document is sent: ")
        assert await ask(peer.open("caf█\n"))
        await peer.status("Normal")


async def test_a_client_of_the_legacy_messages_hears_in_its_own(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.lsp.initialize()
        await peer.lsp.request("setEditorInfo", {"editorInfo": {"name": "e"}})
        told = await peer.status("Normal", "statusNotification")
        assert "swift" in told["message"]


async def test_the_models_are_the_providers_that_an_editor_may_select(
    start_peer: StartPeer,
) -> None:
    async with start_peer(more='backup = "slow"\neditor_may_select = ["sixty"]') as peer:
        await peer.introduce()
        models = await peer.lsp.request("copilot/models", {})
        assert [each["id"] for each in models] == ["swift", "embedded", "sixty", "slow"]
        assert [each["default"] for each in models] == [True, False, False, False]


async def test_a_project_whose_settings_come_along_selects_nobody_else(
    start_peer: StartPeer,
) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        peer.lsp.notify("workspace/didChangeConfiguration", settings_that_pick("sixty"))
        assert await default_model(peer) == "swift"
        await peer.lsp.stderr_has("editor_may_select")


async def test_picking_a_model_switches_the_provider_and_unpicking_switches_back(
    start_peer: StartPeer,
) -> None:
    async with start_peer(more='editor_may_select = ["sixty"]') as peer:
        await peer.introduce()
        peer.lsp.notify("workspace/didChangeConfiguration", settings_that_pick("sixty"))
        assert await default_model(peer) == "sixty"
        while "sixty" not in (await peer.status("Normal"))["message"]:
            pass
        # What was picked comes again with each change of anything else. Meanwhile the user has
        # switched by other means, and that holds.
        select = {"command": "ghostlap.provider.select", "arguments": ["slow"]}
        await peer.lsp.request("workspace/executeCommand", select)
        peer.lsp.notify("workspace/didChangeConfiguration", settings_that_pick("sixty"))
        assert await default_model(peer) == "slow"
        peer.lsp.notify("workspace/didChangeConfiguration", settings_that_pick(""))
        assert await default_model(peer) == "swift"


async def test_a_model_that_is_nobody_here_switches_nothing(start_peer: StartPeer) -> None:
    async with start_peer() as peer:
        await peer.introduce()
        peer.lsp.notify("workspace/didChangeConfiguration", settings_that_pick("gpt-41-copilot"))
        assert await default_model(peer) == "swift"
        await peer.lsp.stderr_has("nothing was switched")
        assert "gpt-41" not in peer.lsp.stderr


async def test_settings_for_another_server_are_no_mistakes_and_ours_among_them_hold(
    start_peer: StartPeer,
) -> None:
    async with start_peer(more='editor_may_select = ["sixty"]') as peer:
        await peer.introduce()
        telemetry = {"telemetry": {"telemetryLevel": "all"}, "advanced": {"timeout": 1}}
        peer.lsp.notify("workspace/didChangeConfiguration", {"settings": telemetry})
        peer.lsp.notify("workspace/didChangeConfiguration", {"settings": None})
        assert await default_model(peer) == "swift"
        ours = {**telemetry, "ghostlap": {"primary": "sixty"}}
        peer.lsp.notify("workspace/didChangeConfiguration", {"settings": ours})
        assert await default_model(peer) == "sixty"
        peer.lsp.notify("workspace/didChangeConfiguration", {"settings": telemetry})
        assert await default_model(peer) == "sixty"
        assert "window/showMessage" not in dict(peer.lsp.notifications)


async def test_a_client_that_does_not_introduce_itself_is_known_by_its_settings(
    start_peer: StartPeer,
) -> None:
    async with start_peer() as peer:
        await peer.lsp.initialize()
        params = {"settings": {"github-enterprise": {"uri": None}, "http": {"proxy": None}}}
        peer.lsp.notify("workspace/didChangeConfiguration", params)
        await peer.status("Normal")
        assert "window/showMessage" not in dict(peer.lsp.notifications)


async def test_the_plugin_is_named_in_the_records_where_the_editor_is_not(
    start_peer: StartPeer,
) -> None:
    options = {"editorPluginInfo": {"name": "copilot.vim", "version": "1.5"}}
    async with start_peer() as peer:
        params = {"capabilities": {}, "initializationOptions": options}
        await peer.lsp.request("initialize", params)
        await peer.modern(peer.open("caf█\n"))
        assert await peer.recorded() == []
        assert peer.clients() == [("copilot.vim", "1.5")]
