"""What a provider is asked about a position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.providers import CompletionRequest, Judge, Snippet

__all__ = ["Context", "OpenContext", "Surroundings", "request_for", "wants_one_line"]

_CLOSING = ")]}\"'`;,:> \t"
"""What may stand behind the cursor of one who writes on: editors put most of it there."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the model may see of a document."""

    prefix: str
    suffix: str
    path: str = ""
    """Relative to the workspace, with forward slashes; empty when unknown."""
    snippets: tuple[Snippet, ...] = ()


class Context(Protocol):
    """Knows the workspace: which documents are kept back, and what else helps to complete one."""

    def why_not(self, snapshot: Snapshot) -> str | None:
        """Why nothing may be sent from here, as words for a status line; None: it may."""
        ...

    def surroundings(self, snapshot: Snapshot) -> Surroundings:
        """Return what may be sent, secrets taken out. Within 100 µs: every keystroke waits."""
        ...


class OpenContext:
    """No rules, and nothing but the text around the cursor."""

    def why_not(self, snapshot: Snapshot) -> str | None:  # noqa: ARG002 - see Context
        return None

    def surroundings(self, snapshot: Snapshot) -> Surroundings:
        return Surroundings(snapshot.prefix, snapshot.suffix)


def wants_one_line(snapshot: Snapshot) -> bool:
    """Whether more than the rest of the line is surely not wanted: code stands behind the cursor.

    What else there is to say of it takes longer to find out than a keystroke may wait.
    """
    return bool(snapshot.line_suffix.strip(_CLOSING))


def request_for(
    snapshot: Snapshot,
    around: Surroundings,
    judge: Judge,
    *,
    max_tokens: int,
    single_line: bool,
    alternatives: int = 1,
) -> CompletionRequest:
    return CompletionRequest(
        prefix=around.prefix,
        suffix=around.suffix,
        language=snapshot.language,
        path=around.path,
        uri=snapshot.uri,
        line=snapshot.line,
        snippets=around.snippets,
        max_tokens=max_tokens,
        single_line=single_line,
        alternatives=alternatives,
        judge=judge,
    )
