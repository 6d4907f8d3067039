"""The seam between the engine and whatever completes code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from ghostlap.telemetry import Attempt, Trace

__all__ = [
    "CompletionRequest",
    "CompletionStream",
    "DocumentObserver",
    "Judge",
    "Provider",
    "Snippet",
    "Verdict",
]


class Verdict(NamedTuple):
    """What the text of an answer amounts to so far."""

    usable: bool
    """It can be shown, and will not have to be taken back."""
    decided: bool
    """Nothing that may still arrive can change what is shown: the stream can be closed."""


Judge: TypeAlias = Callable[[str, bool], Verdict]
"""Judges the whole text so far; the flag says that the stream has ended. Cheap, never raises."""


def _first_line(text: str, finished: bool) -> Verdict:
    """Judge as if one line were wanted, without knowing what stands around the cursor."""
    complete = finished or "\n" in text
    return Verdict(complete and bool(text.partition("\n")[0].strip()), complete)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of another file that helps to complete this one."""

    path: str
    """Relative to the workspace, with forward slashes."""
    text: str


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What is to be completed: the text around the cursor and what else the model may see."""

    prefix: str
    """Text before the cursor, from a line start on."""
    suffix: str = ""
    """Text after the cursor, up to a line end."""
    language: str = "plaintext"
    """The LSP `languageId`."""
    path: str = ""
    """Relative to the workspace, with forward slashes; empty when unknown."""
    uri: str = ""
    """Which document it is, for a provider that observes documents. Never sent anywhere."""
    line: int = -1
    """The cursor's line in that document, counted from 0; -1 when unknown."""
    snippets: tuple[Snippet, ...] = ()
    max_tokens: int = 64
    single_line: bool = True
    """Only the rest of the cursor's line is wanted."""
    alternatives: int = 1
    """How many different texts are wanted; a provider may give fewer."""
    judge: Judge = field(default=_first_line, repr=False, compare=False)
    """Whether an answer can be shown, by the same rules as what is shown: what a policy that
    compares providers goes by. Not called before the request was sent."""


class CompletionStream(Protocol):
    """The text of one completion, as it arrives.

    Iterating yields pieces of visible text, none of them empty, until the provider has ended the
    completion; by then `attempt` holds the finish reason, usage and server timing. Raises
    `ProviderError` when the provider fails, also after text has been yielded.
    """

    @property
    def attempt(self) -> Attempt:
        """The attempt that the text comes from; with a policy, the winner's once there is one."""
        ...

    @property
    def alternatives(self) -> Sequence[str]:
        """Further complete texts after the streamed one; known when the iteration has ended."""
        ...

    def __aiter__(self) -> AsyncIterator[str]: ...


class Provider(Protocol):
    """Completes code. Used from one event loop; many streams may be open at once."""

    @property
    def name(self) -> str: ...

    def stream(
        self, request: CompletionRequest, trace: Trace
    ) -> AbstractAsyncContextManager[CompletionStream]:
        """Ask for a completion and record the attempt in `trace`.

        Entering sends nothing that the first iteration would wait for; leaving the context early
        cancels the request: the far side sees the connection close (or the stream reset) at once,
        and the attempt is marked as censored. Leaving never blocks for more than a few ms.
        """
        ...

    async def warm(self) -> None:
        """Open connections before they are needed. Never raises; may have nothing to do."""
        ...

    async def aclose(self) -> None:
        """Let go of all connections and files. Open streams end with `ConnectError`."""
        ...


@runtime_checkable
class DocumentObserver(Protocol):
    """A provider that wants to know the open documents, as the embedded engine does.

    Called in the order of the edits, on the event loop, before any request that sees them. Lines
    are without their line ends. A call returns within microseconds: note what changed, work later.
    """

    def document_opened(self, uri: str, language: str, lines: Sequence[str]) -> None: ...

    def document_edited(self, uri: str, start: int, stop: int, lines: Sequence[str]) -> None:
        """Lines `start` (inclusive) to `stop` (exclusive) were replaced by `lines`."""
        ...

    def document_closed(self, uri: str) -> None: ...
