"""One request to a provider under way, and which states of the document it can still serve."""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import TYPE_CHECKING

from ghostlap.lsp_server.documents import Snapshot
from ghostlap.lsp_server.engine.advance import Rest, advance, rest_of
from ghostlap.lsp_server.engine.job import Job
from ghostlap.providers import CompletionRequest, CompletionStream, Provider, Verdict
from ghostlap.telemetry import AttemptOutcome, AttemptStage, CensorCause, Source, monotonic_ns

if TYPE_CHECKING:
    from ghostlap.lsp_server.shaping import Shaped, Shaper

__all__ = ["Flight", "Standing"]

_AGREES = 0.93
"""How likely a text for an older state goes on with the next key that is typed. Over a whole word
of six letters that makes two of three."""

_USUAL_S = 1.0  # for a provider of which nothing is known yet

_FEW_KEYS = 6
"""One that was replaced after fewer was most often replaced again by the next burst: at 2 s to the
first token, never replacing any took a third of the requests and served four fifths of the keys."""


class Standing(Enum):
    """What a flight's text so far means for a state of the document."""

    OPEN = auto()
    """Nothing against it, and nothing to show yet."""
    USABLE = auto()
    EMPTY = auto()
    """For this very state there is nothing to show."""
    SPENT = auto()
    """Typing has gone past its text, or elsewhere."""


class Flight:
    """Begun for one job, it may come to serve later ones, whose typing its text goes on from."""

    __slots__ = (
        "_begun",
        "_seen",
        "_shaped",
        "_shaper",
        "ended",
        "finished",
        "job",
        "origin",
        "provider",
        "raw",
        "request",
        "snapshot",
        "started_ns",
        "stream",
        "task",
        "usable_ns",
        "wanted",
    )

    def __init__(
        self, origin: Job, snapshot: Snapshot, job: Job | None, provider: Provider
    ) -> None:
        self.origin = origin
        """In whose trace its attempts are."""
        self.provider = provider
        """Who is asked."""
        self.snapshot = snapshot
        """What is asked about. Not the origin's where it was asked ahead of need."""
        self.job = job
        """Who waits for it; None: nobody, at the moment or yet."""
        self.wanted = snapshot
        """The newest state that it can serve, as far as is known."""
        self.request: CompletionRequest | None = None
        self.stream: CompletionStream | None = None
        self.task: asyncio.Task[None] | None = None
        self.raw = ""
        self.finished = False
        self.ended = False
        """Its context was left, or is being left: nobody can come aboard."""
        self.started_ns = monotonic_ns()
        self.usable_ns = 0
        self._shaped: Shaped | None = None
        self._shaper: Shaper | None = None
        self._seen = (-1, False)
        self._begun = (-1, False)

    @property
    def gives_choice(self) -> bool:
        """Whether several texts were asked for, for the one who asked."""
        return self.origin.invoked and not self.is_ahead

    @property
    def takes_others(self) -> bool:
        """Whether a later job may be served by it. Not before it has begun: better asked anew."""
        return not (self.ended or self.gives_choice or self.request is None)

    def decides_nothing(self) -> bool:
        """Whether what arrived last need not be shaped, as most pieces. Asked once a piece."""
        if self.finished or self.wanted is not self.snapshot:
            return False
        if "\n" not in self.raw:
            return True
        # Whether a text of several lines is complete is told by how a line begins, or by its end.
        begun = (self.raw.count("\n"), bool(self.raw[self.raw.rfind("\n") + 1 :].strip()))
        same = self._begun == begun
        self._begun = begun
        return same

    @property
    def is_ahead(self) -> bool:
        """Whether it was asked before it was needed."""
        return self.snapshot is not self.origin.snapshot

    @property
    def source(self) -> Source:
        """Where a text comes from that is served to another job than the origin."""
        return Source.SPECULATED if self.is_ahead else Source.RECYCLED

    def read(self, piece: str) -> None:
        self.raw += piece

    def shape(self) -> Shaped:
        """Shape what has arrived. Not to be called before the request is on its way."""
        seen = (len(self.raw), self.finished)
        shaped = self._shaped
        if shaped is None or self._seen != seen:
            self._seen = seen
            shaped = self._shaped = self._shape(self.raw, finished=self.finished)
            if shaped.usable and not self.usable_ns:
                self.usable_ns = monotonic_ns()
        return shaped

    def judge(self, text: str, finished: bool) -> Verdict:
        """Judge a text of this flight's request as it would be shown: a `providers.Judge`."""
        assert self.request is not None, "only an answer is looked at"
        if not finished and "\n" not in text:
            return Verdict(usable=False, decided=False)
        shaped = self._shape(text, finished=finished)
        decided = shaped.decided or finished
        return Verdict(decided and bool(shaped.text) and self._agrees(shaped), decided)

    def standing(self, snapshot: Snapshot) -> tuple[Standing, Rest]:
        """Say what the text so far is to a state of the document."""
        nothing = Rest("", 0)
        step = advance(self.snapshot, snapshot)
        if step is None:
            return Standing.SPENT, nothing
        if not (self.raw or self.finished):
            return Standing.OPEN, nothing
        shaped = self.shape()
        if not (shaped.decided or self.finished):
            agrees = not step.typed or shaped.text.startswith(step.typed)
            agrees = agrees or step.typed.startswith(shaped.text)
            return (Standing.OPEN if agrees else Standing.SPENT), nothing
        rest = rest_of(shaped.text, shaped.replaces, step)
        if rest is not None and rest.is_news(snapshot.line_suffix):
            return Standing.USABLE, rest
        return (Standing.SPENT if step.typed else Standing.EMPTY), nothing

    def is_before(self, snapshot: Snapshot) -> bool:
        """Whether typing on from `snapshot` can lead to what this flight was asked ahead about."""
        return self.is_ahead and advance(snapshot, self.snapshot) is not None

    def is_worth_waiting_for(self, usable_s: float | None) -> bool:
        """Whether its answer is expected sooner than that of a new request for the newest state.

        Only while it is silent. If it takes T and has run for a, the newest state is answered after
        T - a when its text agrees with what was typed since, and T later when not.
        """
        step = advance(self.snapshot, self.wanted)
        if self.raw or (step is not None and len(step.typed) < _FEW_KEYS):
            return True
        usable_s = _USUAL_S if usable_s is None else usable_s
        agrees = _AGREES ** len(step.typed) if step else 0.0
        return (monotonic_ns() - self.started_ns) / 1e9 > (1 - agrees) * usable_s

    def shape_another(self, text: str, *, finished: bool) -> Rest:
        """Shape a further text of the same request."""
        shaped = self._shape(text, finished=finished)
        return Rest(shaped.text, shaped.replaces)

    def give_up(self, cause: CensorCause) -> None:
        """Serve nobody any more; whoever closes its attempts takes the cause from here."""
        self.ended = True
        self.job = None
        for attempt in self.origin.trace.attempts:
            if attempt.outcome is AttemptOutcome.RUNNING:
                attempt.censor_cause = cause

    def stamp_usable(self) -> None:
        """Note in its attempt when what could be shown had arrived."""
        if self.stream is not None and self.usable_ns:
            attempt = self.stream.attempt
            arrived_ns = min(attempt.received_ns or self.usable_ns, self.usable_ns)
            attempt.stamp(AttemptStage.FIRST_USABLE, arrived_ns)

    def _agrees(self, shaped: Shaped) -> bool:
        if self.wanted is self.snapshot:
            return True
        step = advance(self.snapshot, self.wanted)
        return step is not None and rest_of(shaped.text, shaped.replaces, step) is not None

    def prepare(self) -> None:
        """Make ready to shape, while the provider works."""
        if not (self.raw or self.finished or self.ended):
            self._made_shaper().prepare()

    def _shape(self, text: str, *, finished: bool) -> Shaped:
        return self._made_shaper().shape(text, finished=finished)

    def _made_shaper(self) -> Shaper:
        if self._shaper is None:
            from ghostlap.lsp_server.shaping import Shaper  # noqa: PLC0415 - a start can do without

            assert self.request is not None, "only an answer is shaped"
            snapshot = self.snapshot
            self._shaper = Shaper(
                prefix=snapshot.prefix,
                suffix=snapshot.suffix,
                language_id=snapshot.language,
                path=self.request.path,
                newline=snapshot.newline,
                single_line=self.request.single_line,
            )
        return self._shaper
