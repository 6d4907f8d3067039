"""Whatever the order of edits, answers, cancels and accepts, no text is shown in a wrong place.

What is inserted has to be what a provider said for a state of this very document out of which the
present one came by typing the beginning of that text, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from ghostlap.lsp_server.documents import Document, Snapshot
from ghostlap.lsp_server.engine import Engine, Job, Route, Suggestion
from ghostlap.lsp_server.engine.schedule import FixedDebounce
from ghostlap.lsp_server.tasks import Tasks
from ghostlap.providers import CompletionRequest, CompletionStream, Overloaded
from ghostlap.telemetry import Attempt, AttemptOutcome, MemoryRecorder, Outcome, Stage, Trace

URIS = ("file:///a.py", "file:///b.py")
FEW_LETTERS = "ab("  # so that typing along happens by chance
TEXTS = ("", "a", "ab", "aab", "ba(b)a", "a(b", "b(a) b", "abab\nba", "(a)\n")
TURNS = 12  # of the loop: more than any answer needs to get through


@dataclass
class Stream:
    request: CompletionRequest
    text: str
    attempt: Attempt
    alternatives: Sequence[str] = ()
    pieces: asyncio.Queue[str | Exception | None] = field(default_factory=asyncio.Queue)
    told: int = 0

    async def __aiter__(self) -> AsyncIterator[str]:
        while (piece := await self.pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece


class Answering:
    """Says to each request the next of the texts it was given, when it is told to go on."""

    name = "answering"

    def __init__(self) -> None:
        self.next_text = ""
        self.streams: list[Stream] = []
        self.open: list[Stream] = []

    @asynccontextmanager
    async def _stream(self, request: CompletionRequest, trace: Trace) -> AsyncIterator[Stream]:
        stream = Stream(request, self.next_text, trace.attempt(self.name))
        self.streams.append(stream)
        self.open.append(stream)
        try:
            yield stream
        finally:
            self.open.remove(stream)
            stream.attempt.end(AttemptOutcome.COMPLETED)

    def stream(
        self, request: CompletionRequest, trace: Trace
    ) -> AbstractAsyncContextManager[CompletionStream]:
        return self._stream(request, trace)

    async def warm(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


@dataclass
class Place:
    """A document with a cursor, and what its editor shows."""

    document: Document
    cursor: int
    edits: int = 0
    job: Job | None = None
    shown: Suggestion | None = None

    @property
    def text(self) -> str:
        return self.document.line(1)

    def replace(self, start: int, stop: int, text: str) -> None:
        ends = ({"line": 1, "character": at} for at in (start, stop))
        span = dict(zip(("start", "end"), ends, strict=True))
        self.document.apply([{"range": span, "text": text}])
        self.edits += 1
        self.shown = None

    def snapshot(self) -> Snapshot:
        return self.document.snapshot({"line": 1, "character": self.cursor})


class Editing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.recorder = MemoryRecorder()
        self.provider = Answering()
        self.asked = 0
        self.answered: dict[int, Outcome] = {}
        self.wrong: list[str] = []
        self.places = [
            Place(Document(uri, "head = 1\n\ntail = 2\n", language="plaintext"), 0) for uri in URIS
        ]
        self.tasks = Tasks()
        self.engine = Engine(self.tasks, self.recorder.record, lambda _error: None)
        self.engine.use(Route(self.provider, FixedDebounce()))

    def turn(self) -> None:
        async def turns() -> None:
            for _ in range(TURNS):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())

    async def _call(self, work: object) -> None:
        assert callable(work)
        work()

    def run(self, work: object) -> None:
        self.loop.run_until_complete(self._call(work))

    # What an editor does.

    @rule(
        at=strategies.integers(0, 1),
        char=strategies.sampled_from(FEW_LETTERS),
        closes=strategies.booleans(),
    )
    def type_a_key(self, at: int, char: str, *, closes: bool) -> None:
        place = self.places[at]
        closer = ")" if char == "(" and closes else ""
        self.edit(place, place.cursor, place.cursor, char + closer, behind=len(closer))

    @rule(at=strategies.integers(0, 1))
    def take_a_key_back(self, at: int) -> None:
        place = self.places[at]
        if place.cursor:
            self.edit(place, place.cursor - 1, place.cursor, "")

    @rule(at=strategies.integers(0, 1), to=strategies.integers(0, 12))
    def move(self, at: int, to: int) -> None:
        place = self.places[at]
        place.cursor = min(to, len(place.text))
        place.shown = None

    @rule(at=strategies.integers(0, 1), size=strategies.integers(1, 3))
    def accept(self, at: int, size: int) -> None:
        """Take the whole of what is shown, or so many characters of it."""
        place = self.places[at]
        if place.shown is None or "\n" in place.shown.text:
            return
        whole = size == 3 or size >= len(place.shown.text)
        text = place.shown.text if whole else place.shown.text[:size]
        behind = place.cursor + (place.shown.replaces if whole else 0)
        self.edit(place, place.cursor, behind, text)

    def edit(self, place: Place, start: int, stop: int, text: str, *, behind: int = 0) -> None:
        """Replace some text and tell the engine, with nothing between the two."""

        def work() -> None:
            place.replace(start, stop, text)
            place.cursor = start + len(text) - behind
            self.engine.edited(place.document.uri, place.edits)

        self.run(work)

    @rule(
        at=strategies.integers(0, 1),
        text=strategies.sampled_from(TEXTS),
        invoked=strategies.sampled_from((False, False, False, True)),
    )
    def ask(self, at: int, text: str, *, invoked: bool) -> None:
        place = self.places[at]
        self.asked += 1
        number = self.asked
        snapshot = place.snapshot()
        edits = place.edits
        trace = Trace(number)
        trace.trigger = 1 if invoked else 2
        trace.stamp(Stage.REQUEST_RECEIVED)
        self.provider.next_text = text

        def answer(outcome: Outcome, suggestions: Sequence[Suggestion]) -> None:
            """Note what is wrong: it must not raise."""
            if number in self.answered:
                self.wrong.append(f"{number} is answered a second time")
            self.answered[number] = outcome
            if suggestions and (outcome is not Outcome.SERVED or place.edits != edits):
                self.wrong.append(f"{number} is served after an edit, as {outcome}")
            self.wrong += [
                each for one in suggestions if (each := self.fault(place, snapshot, one))
            ]
            if suggestions and place.cursor == len(snapshot.line_prefix):
                place.shown = suggestions[0]

        def complete() -> None:
            place.job = self.engine.complete(snapshot, trace, answer)

        self.run(complete)

    @rule(at=strategies.integers(0, 1))
    def cancel(self, at: int) -> None:
        job = self.places[at].job
        if job is not None:
            self.run(lambda: self.engine.cancel(job))

    @rule()
    def let_it_run(self) -> None:
        self.turn()

    # What a provider does.

    @precondition(lambda self: self.provider.open)
    @rule(which=strategies.integers(0, 9), size=strategies.integers(1, 4))
    def say_some(self, which: int, size: int) -> None:
        stream = self.provider.open[which % len(self.provider.open)]
        piece = stream.text[stream.told : stream.told + size]
        stream.told += len(piece)
        if piece:
            stream.pieces.put_nowait(piece)
        if stream.told == len(stream.text):
            stream.pieces.put_nowait(None)

    @precondition(lambda self: self.provider.open)
    @rule(which=strategies.integers(0, 9))
    def fail(self, which: int) -> None:
        stream = self.provider.open[which % len(self.provider.open)]
        stream.pieces.put_nowait(Overloaded("answering", "busy", "wait"))

    # What has to hold.

    def fault(self, place: Place, snapshot: Snapshot, suggestion: Suggestion) -> str:
        """Compare the text after insertion with what the providers' answers make of it."""
        suffix = snapshot.line_suffix
        made = snapshot.line_prefix + suggestion.text + suffix[suggestion.replaces :]
        if made == place.text:
            return f"{suggestion} changes nothing at {snapshot.line_prefix!r}"
        for stream in self.provider.streams:
            if stream.request.uri != snapshot.uri:
                continue
            before = stream.request.prefix.rpartition("\n")[2]
            behind = stream.request.suffix.partition("\n")[0]
            said = stream.text.partition("\n")[0].rstrip()
            if not snapshot.line_prefix.startswith(before):
                continue
            typed = snapshot.line_prefix[len(before) :]
            if not said.startswith(typed) or not suffix.endswith(behind):
                continue
            closers = suffix[: len(suffix) - len(behind)]
            if set(closers) <= {")"} and self.is_made_of(made, before + said, suffix):
                return ""
        return f"nobody said {suggestion} at {snapshot.line_prefix!r}, before {suffix!r}"

    @staticmethod
    def is_made_of(made: str, begun: str, behind: str) -> bool:
        """Whether `made` is the text that was begun, meeting what stands behind the cursor.

        Brackets that stand there may be said by either of the two.
        """
        least = len(begun.rstrip(")"))
        ways = range(least, len(begun) + 1)
        return any(
            made == begun[:end] + behind[start:] for end in ways for start in range(len(behind) + 1)
        )

    @invariant()
    def nothing_wrong_was_answered(self) -> None:
        assert self.wrong == []

    @invariant()
    def one_request_is_under_way_for_a_document(self) -> None:
        for place in self.places:
            if place.job is not None and not place.job.invoked:
                under_way = [
                    each
                    for each in self.provider.open
                    if each.request.uri == place.document.uri and each.request.alternatives == 1
                ]
                # One that was given up may still be about to be closed.
                assert len(under_way) <= 2

    def teardown(self) -> None:
        self.run(self.engine.cancel_all)
        self.turn()
        self.loop.run_until_complete(self.tasks.aclose(1.0))
        self.turn()
        self.loop.close()
        assert not self.provider.open
        assert sorted(self.answered) == list(range(1, self.asked + 1))
        assert sorted(trace.sequence for trace in self.recorder.traces) == sorted(self.answered)


Editing.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestNothingStaleIsShown = Editing.TestCase
