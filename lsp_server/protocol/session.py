"""One client, from `initialize` to `exit`: which message goes to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ghostlap.lsp_server.controls import CONTROLS
from ghostlap.lsp_server.documents import Documents
from ghostlap.lsp_server.engine import Engine
from ghostlap.lsp_server.hedging.commands import SWITCHES
from ghostlap.lsp_server.protocol.capabilities import encoding_of, initialize_result
from ghostlap.lsp_server.protocol.completions import Completions
from ghostlap.lsp_server.protocol.dispatch import Dispatcher, Phase
from ghostlap.lsp_server.protocol.items import ACCEPTED
from ghostlap.lsp_server.protocol.keystrokes import Keystrokes
from ghostlap.lsp_server.protocol.params import optional, require
from ghostlap.lsp_server.protocol.refusals import INVALID_PARAMS, INVALID_REQUEST, Refused
from ghostlap.lsp_server.protocol.reports import Reports
from ghostlap.lsp_server.protocol.slow_path import SlowPath
from ghostlap.lsp_server.protocol.status import Status
from ghostlap.lsp_server.protocol.text_sync import TextSync
from ghostlap.lsp_server.protocol.wire import Channel
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.telemetry import Recorder

__all__ = ["Host", "Session"]

_WARNING = 2  # MessageType


class Host(Protocol):
    """What serves the session: see `host`."""

    @property
    def recorder(self) -> Recorder:
        """Who keeps what is measured now: another one when the settings change."""
        ...

    def prepare(self, params: Any) -> None:
        """Begin to make ready for the first key, with the params of `initialize`."""
        ...

    def change_folders(self, params: Any) -> None:
        """Take up the params of `workspace/didChangeWorkspaceFolders`."""
        ...

    def change_settings(self, settings: Any) -> None: ...

    def accepted(self, suggestion_id: int) -> None: ...

    def execute(self, command: str, arguments: list[Any]) -> dict[str, Any]:
        """Run one of `SWITCHES` or `CONTROLS`, and say what is on then.

        :raises ValueError: with a sentence
        """
        ...

    def when_applied(self, then: Callable[[], None]) -> None:
        """Call `then` when the next key is served by what is wanted now."""
        ...


class Session:
    """Wires the handlers of one client together. Used from one event loop alone."""

    def __init__(self, channel: Channel, engine: Engine, tasks: Tasks, host: Host) -> None:
        self._channel = channel
        self._engine = engine
        self._host = host
        self._documents = Documents()
        self.status = Status(channel.send)
        self.dialect_commands: list[str] = []
        """What `initialize` offers besides our own commands, to a client of another dialect."""
        keystrokes = Keystrokes()
        self.text_sync = TextSync(channel, self._documents, keystrokes, engine)
        self.completions = Completions(channel, self._documents, keystrokes, engine)
        self._slow_path = SlowPath(channel, tasks, host)
        reports = Reports(channel, lambda: host.recorder)
        self.handle = Dispatcher(channel, self._slow_path)
        self.handle.requests |= {
            "initialize": self._initialize,
            "shutdown": self._shutdown,
            "textDocument/inlineCompletion": self.completions.inline_completion,
            "textDocument/completion": self.completions.completion,
            "workspace/executeCommand": self._execute_command,
            "ghostlap/clock": reports.clock,
        }
        self.handle.notifications |= {
            "initialized": _ignore,
            "exit": self._exit,
            "$/setTrace": _ignore,
            "$/cancelRequest": self._cancel,
            "textDocument/didOpen": self.text_sync.did_open,
            "textDocument/didChange": self.text_sync.did_change,
            "textDocument/didClose": self.text_sync.did_close,
            "textDocument/didSave": self.text_sync.did_save,
            "workspace/didChangeWorkspaceFolders": self._change_folders,
            "ghostlap/shown": reports.shown,
            "ghostlap/hidden": reports.hidden,
            "ghostlap/accepted": reports.accepted,
            "ghostlap/partiallyAccepted": reports.partially_accepted,
            "ghostlap/persisted": reports.persisted,
        }

    @property
    def documents(self) -> Documents:
        return self._documents

    @property
    def exit_code(self) -> int:
        """What the process is to end with, by the protocol: 0 only after `shutdown`."""
        return 0 if self.handle.phase is Phase.SHUT_DOWN else 1

    def send(self, message: dict[str, Any]) -> None:
        """Send a notification or a request whose answer does not matter."""
        self._channel.send(message)

    def forward(self, method: str, params: Any) -> None:
        """Leave a notification to pygls."""
        self._slow_path({"jsonrpc": "2.0", "method": method, "params": params})

    def show(self, text: str) -> None:
        """Show the user a message of what to change."""
        self.status.problem(text)
        params = {"type": _WARNING, "message": text}
        self._channel.send({"jsonrpc": "2.0", "method": "window/showMessage", "params": params})

    def _initialize(self, request_id: int | str, params: Any) -> None:
        if self.handle.phase is not Phase.STARTED:
            raise Refused(INVALID_REQUEST, "initialize came a second time.")
        require(params, dict, "capabilities")
        self._documents.encoding = encoding_of(params)
        inline = optional(params, dict, "capabilities", "textDocument", "inlineCompletion")
        self.completions.draws_inline = inline is not None
        self._slow_path.begin(params)
        self.status.begin(params)
        self.handle.phase = Phase.INITIALIZED
        result = initialize_result(self._documents.encoding, self.dialect_commands)
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": result})
        self._host.prepare(params)

    def _shutdown(self, request_id: int | str, _params: Any) -> None:
        self._engine.cancel_all()
        self.handle.phase = Phase.SHUT_DOWN
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": None})

    def _execute_command(self, request_id: int | str, params: Any) -> None:
        """Note an acceptance at once: the editor may end right behind it. What a user switches,
        too, is to hold for the next key. Others are pygls's.
        """
        command = require(params, str, "command")
        if command in SWITCHES or command in CONTROLS:
            self._switch(request_id, command, optional(params, list, "arguments") or [])
            return
        if command != ACCEPTED:
            method = "workspace/executeCommand"
            message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
            self._slow_path(message)
            return
        arguments = require(params, list, "arguments")
        if len(arguments) != 1 or type(arguments[0]) is not int:
            raise Refused(INVALID_PARAMS, f"{ACCEPTED} takes the id of a suggestion.")
        self._host.accepted(arguments[0])
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": None})

    def _change_folders(self, params: Any) -> None:
        self._host.change_folders(params)
        self.forward("workspace/didChangeWorkspaceFolders", params)

    def _switch(self, request_id: int | str, command: str, arguments: list[Any]) -> None:
        try:
            result = self._host.execute(command, arguments)
        except ValueError as error:
            raise Refused(INVALID_PARAMS, str(error)) from None

        def answer() -> None:
            told = {**self.status.now, **result}
            self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": told})

        self._host.when_applied(answer)

    def _exit(self, _params: Any) -> None:
        self._channel.close()

    def _cancel(self, params: Any) -> None:
        request_id = params.get("id") if isinstance(params, dict) else None
        if type(request_id) is not int and type(request_id) is not str:
            return
        if not self.completions.cancel(request_id):
            self._slow_path.cancel(request_id)


def _ignore(_params: Any) -> None:
    """The protocol has it, and nothing depends on it."""
