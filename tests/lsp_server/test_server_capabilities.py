from __future__ import annotations

import tomllib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import orjson
import pytest

from ghostlap.lsp_server.client import LspClient
from ghostlap.lsp_server.protocol.capabilities import encoding_of, initialize_result
from ghostlap.lsp_server.protocol.pygls_room import language_server
from ghostlap.lsp_server.version import VERSION

StartServer = Callable[..., AbstractAsyncContextManager[LspClient]]


class NoServices:
    def change_settings(self, settings: Any) -> None:
        raise AssertionError(settings)

    def accepted(self, suggestion_id: int) -> None:
        raise AssertionError(suggestion_id)


class Lines:
    """What pygls writes to."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        pass


FOLDERS = [{"uri": "file:///w", "name": "w"}]


@pytest.mark.parametrize(
    "capabilities",
    [
        {},
        {"general": {"positionEncodings": ["utf-32", "utf-8"]}},
        {"general": {"positionEncodings": ["utf-7", "utf-8", "utf-16"]}},
        {"general": {"positionEncodings": ["utf-7"]}},
        {
            "textDocument": {
                "inlineCompletion": {"dynamicRegistration": True},
                "synchronization": {"willSave": True, "didSave": True},
                "completion": {"completionItem": {"snippetSupport": True}},
            },
            "workspace": {"workspaceFolders": True, "fileOperations": {"willRename": True}},
            "notebookDocument": {"synchronization": {}},
        },
    ],
)
def test_the_fast_path_says_what_pygls_computes(capabilities: dict[str, Any]) -> None:
    params = {
        "processId": None,
        "rootUri": None,
        "workspaceFolders": FOLDERS,
        "capabilities": capabilities,
    }
    server, lines = language_server(NoServices()), Lines()
    server.protocol.set_writer(lines, include_headers=False)
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    server.protocol.handle_message(server.protocol.structure_message(message))
    [answer] = [orjson.loads(line) for line in lines.written]
    assert without_false(answer["result"]) == without_false(initialize_result(encoding_of(params)))


def without_false(value: Any) -> Any:
    """Leave out what is not offered: pygls spells some of it out."""
    if not isinstance(value, dict):
        return value
    return {name: without_false(each) for name, each in value.items() if each is not False}


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["utf-8", "utf-16"], "utf-8"),
        (["utf-32", "utf-8"], "utf-32"),
        (["utf-7", "utf-32"], "utf-32"),
        ([], "utf-16"),
        (None, "utf-16"),
        ("utf-8", "utf-16"),
        ([["utf-8"], {}, 8], "utf-16"),
    ],
)
def test_the_clients_first_encoding_that_is_known_is_taken(offered: Any, chosen: str) -> None:
    params = {"capabilities": {"general": {"positionEncodings": offered}}}
    assert encoding_of(params) == chosen


async def test_ghost_text_is_offered_so_that_every_editor_sees_it(
    start_server: StartServer,
) -> None:
    async with start_server() as client:
        await client.initialize(encodings=("utf-8", "utf-16"))
        told = client.capabilities
        assert told["inlineCompletionProvider"]  # an empty object is nil in Emacs
        assert told["completionProvider"]
        assert told["positionEncoding"] == "utf-8"
        assert told["textDocumentSync"]["change"] == 2
        assert told["textDocumentSync"]["openClose"] is True
        assert told["executeCommandProvider"]["commands"] == [
            "ghostlap.accepted",
            "ghostlap.hedge.toggle",
            "ghostlap.hedge.set",
            "ghostlap.provider.select",
            "ghostlap.pause",
            "ghostlap.eagerness",
            "ghostlap.status",
        ]


def test_the_version_is_the_packages() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    assert tomllib.loads(project.read_text())["project"]["version"] == VERSION
