"""A reference row, not a benchmark: the obvious server, pygls with its own document and httpx.

Written as one would from the two manuals, with nothing done for speed and nothing against it: one
client kept for all requests, the stream read to its end.
"""

from __future__ import annotations

import json
import os

import httpx
from lsprotocol import types
from pygls.lsp.server import LanguageServer

CONTEXT = 4_000  # characters before the cursor


def texts(line: str) -> str:
    if not line.startswith("data: {"):
        return ""
    return str(json.loads(line.removeprefix("data: "))["choices"][0]["text"])


async def complete(client: httpx.AsyncClient, prefix: str, suffix: str) -> str:
    body = {"model": "bench", "prompt": prefix, "suffix": suffix, "max_tokens": 64, "stream": True}
    async with client.stream("POST", "/completions", json=body) as response:
        return "".join([texts(line) async for line in response.aiter_lines()])


def serve() -> None:
    server = LanguageServer("plain-pygls", "1")
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{os.environ['BENCH_PORT']}/v1")

    @server.feature(
        types.TEXT_DOCUMENT_INLINE_COMPLETION,
        types.InlineCompletionOptions(work_done_progress=False),
    )
    async def inline_completion(
        ls: LanguageServer, params: types.InlineCompletionParams
    ) -> types.InlineCompletionList:
        document = ls.workspace.get_text_document(params.text_document.uri)
        offset = document.offset_at_position(params.position)
        source = document.source
        text = await complete(
            client, source[max(0, offset - CONTEXT) : offset], source[offset : offset + CONTEXT]
        )
        return types.InlineCompletionList(items=[types.InlineCompletionItem(insert_text=text)])

    server.start_io()


if __name__ == "__main__":
    serve()
