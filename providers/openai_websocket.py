"""The Responses API over WebSockets that are kept open: the events of SSE, one message each.

The client's message is the POST's body with `type: response.create`; `generate: false` makes the
server ready (the instructions are in its cache) without an answer. A socket lives 60 minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from ghostlap.providers._answers import error_from_answer
from ghostlap.providers._base import CompletionRequest
from ghostlap.providers._errors import ProviderError
from ghostlap.providers._prompt import Prompt
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers._streaming import Dialect, HttpProvider
from ghostlap.providers._transport import Transport
from ghostlap.providers.openai_responses import ResponsesAnswer, responses_body

if TYPE_CHECKING:
    import aiohttp

__all__ = ["build"]

_ENDS = ("response.completed", "response.incomplete", "response.failed", "error")


def _body(request: CompletionRequest, settings: ProviderSettings, prompt: Prompt) -> dict[str, Any]:
    body = responses_body(request, settings, prompt)
    del body["stream"]  # a socket knows nothing else
    return {"type": "response.create", **body}


_DIALECT = Dialect(
    "openai-responses-websocket",
    lambda _settings, _prompt: "/responses",
    _body,
    ResponsesAnswer,
    ndjson=True,
    prompts=("chat",),
)


def build(name: str, settings: ProviderSettings, _transport: Transport) -> HttpProvider:
    """Return the provider, which has sockets of its own instead of the shared connections."""
    from ghostlap.providers._websocket import WebSocketTransport  # noqa: PLC0415  slow to import

    def refused(status: int, headers: Mapping[str, str]) -> ProviderError:
        return error_from_answer(name, settings, status, headers, b"")

    async def prepare(socket: aiohttp.ClientWebSocketResponse) -> None:
        request = CompletionRequest(prefix="")
        prompt = Prompt("chat")
        message = {**_body(request, settings, prompt), "input": "", "generate": False}
        await socket.send_str(orjson.dumps(message).decode())
        while orjson.loads(await socket.receive_str()).get("type") not in _ENDS:
            pass

    sockets = WebSocketTransport(refused, prepare)
    provider = HttpProvider(name, settings, _DIALECT, sockets, owns_carrier=True)
    sockets.headers = provider.headers_with_key
    return provider
