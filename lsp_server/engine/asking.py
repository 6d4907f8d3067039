"""What a provider is asked about a position."""

from __future__ import annotations

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.providers import CompletionRequest

__all__ = ["request_for"]


def request_for(snapshot: Snapshot, *, max_tokens: int, single_line: bool) -> CompletionRequest:
    return CompletionRequest(
        prefix=snapshot.prefix,
        suffix=snapshot.suffix,
        language=snapshot.language,
        uri=snapshot.uri,
        line=snapshot.line,
        max_tokens=max_tokens,
        single_line=single_line,
    )
