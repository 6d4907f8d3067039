"""What the client is told of the server's state, and what it asks about an account."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ghostlap.lsp_server.protocol.status import Status
from ghostlap.lsp_server.protocol.wire import Channel

__all__ = ["StatusLine", "account_answers"]

_USER = "ghostlap"
"""There is no account. But a client takes an answer without a user for one of a stranger."""

_KINDS: Mapping[str, str] = MappingProxyType(
    {"starting": "Normal", "ready": "Normal", "paused": "Inactive", "error": "Error"}
)


def account_answers() -> dict[str, dict[str, str]]:
    """Return the answer to each request that is about signing in, by its method."""
    signed_in = {"status": "AlreadySignedIn", "user": _USER}
    fine = {"status": "OK", "user": _USER}
    return {
        "checkStatus": fine,
        "signIn": signed_in,
        "signInInitiate": signed_in,
        "signInConfirm": fine,
        "signOut": {"status": "NotSignedIn"},
    }


class StatusLine:
    """Says how the server is, once it was asked to, whenever that changes.

    `didChangeStatus` to every client; `statusNotification` to one that speaks the legacy messages,
    and may know no other.
    """

    def __init__(self, channel: Channel, status: Status) -> None:
        self._channel = channel
        self._status = status
        self._told: dict[str, dict[str, Any]] = {}
        """What was said last, by the notification."""
        self._methods = ["didChangeStatus"]
        self._document = ""
        """The URI of the document that was last asked about."""

    def begin(self) -> None:
        self._status.watcher = self._tell
        self._tell()

    def begin_legacy(self) -> None:
        if "statusNotification" not in self._methods:
            self._methods.append("statusNotification")
            self._tell()

    def asked_about(self, uri: str) -> None:
        """Say when a document is kept back, as long as it is the one that is worked on."""
        if uri != self._document:
            self._document = uri
            self._tell()

    def _tell(self) -> None:
        now = self._status.now
        kind, message, busy = _KINDS[now["state"]], _message(now), now["state"] == "starting"
        withheld = self._status.why_withheld(self._document)
        if kind == "Normal" and withheld is not None:
            kind, message = "Inactive", f"nothing of this document is sent: {withheld}"
        says: dict[str, dict[str, Any]] = {
            "didChangeStatus": {"busy": busy, "kind": kind, "message": message},
            "statusNotification": {"status": "InProgress" if busy else kind, "message": message},
        }
        for method in self._methods:
            if self._told.get(method) != says[method]:
                self._told[method] = says[method]
                note = {"jsonrpc": "2.0", "method": method, "params": says[method]}
                self._channel.send(note)


def _message(now: Mapping[str, Any]) -> str:
    if now["state"] == "paused":
        return "paused"
    if now["message"] or "primary" not in now:
        return str(now["message"])
    hedge = now.get("hedge", "off")
    if isinstance(hedge, Mapping):
        hedge = f"after {hedge['delay_ms']} ms"
    return f"{now['primary']} is asked; hedging: {hedge}"
