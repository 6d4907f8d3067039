"""What is measured: one keystroke's trace, the attempts that served it, and their stages.

A stamp is a monotonic clock reading in nanoseconds; 0 means that the stage was not reached. Nothing
here holds code, a prompt or a path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from ghostlap.telemetry._clock import monotonic_ns

__all__ = [
    "Attempt",
    "AttemptOutcome",
    "AttemptStage",
    "CensorCause",
    "LaunchReason",
    "Outcome",
    "Role",
    "ServerTiming",
    "Source",
    "Stage",
    "Trace",
    "Usage",
]


class Stage(IntEnum):
    """The stages of one keystroke, in the order in which they are passed."""

    KEYSTROKE = 0
    """The key went down in the editor, by the editor's own report."""
    CHANGE_RECEIVED = 1
    """The edit that this keystroke made had arrived and was parsed."""
    REQUEST_RECEIVED = 2
    """The completion request had arrived and was parsed."""
    HANDLER_STARTED = 3
    CACHE_CHECKED = 4
    DEBOUNCED = 5
    """It had waited long enough: for the typist's pause, and for an older request to make way."""
    CONTEXT_READY = 6
    DISPATCHED = 7
    """A provider was asked."""
    USABLE = 8
    """A text worth showing existed in the server: the end of availability latency."""
    RESPONSE_SENT = 9
    RESPONSE_RECEIVED = 10
    """By the editor's own report, as are the two below."""
    RENDERED = 11
    HIDDEN = 12


class AttemptStage(IntEnum):
    """The stages of one request to one provider."""

    STARTED = 0
    CONNECTED = 1
    """A connection was ready, kept alive or fresh."""
    SENT = 2
    HEADERS = 3
    FIRST_BYTE = 4
    FIRST_REASONING = 5
    FIRST_TOKEN = 6
    """The first visible text that is not white space. This and the two below: when the bytes had
    been read, before anything was made of them."""
    FIRST_USABLE = 7
    """What made its text usable. What we took to see that counts as `Stage.USABLE`'s."""
    LAST_TOKEN = 8
    ENDED = 9


class Outcome(StrEnum):
    """How a keystroke ended."""

    SERVED = "served"
    EMPTY = "empty"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    ERROR = "error"
    INELIGIBLE = "ineligible"
    """Nothing was asked by rule: an excluded file, a paused server."""


class Source(StrEnum):
    """Where the text that was shown came from."""

    NONE = "none"
    PROVIDER = "provider"
    CACHE = "cache"
    RECYCLED = "recycled"
    SPECULATED = "speculated"


class Role(StrEnum):
    PRIMARY = "primary"
    BACKUP = "backup"
    SHADOW = "shadow"
    SPLIT = "split"
    SPECULATIVE = "speculative"


class LaunchReason(StrEnum):
    """Why an attempt was started."""

    REQUEST = "request"
    RACE = "race"
    DELAY = "delay"
    FAILURE = "failure"
    ABSTENTION = "abstention"
    SHADOW = "shadow"
    """A backup that was started at once, to be measured along with the primary."""
    MEASURE = "measure"
    """Nothing of it was ever to be shown: the user wants to know how fast it would be."""
    SPLIT = "split"
    SPECULATION = "speculation"


class AttemptOutcome(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    """It ran to its end, or to the cut that was wanted of it."""
    EMPTY = "empty"
    CENSORED = "censored"
    """Cut short before its time to first usable was known: see `CensorCause`."""
    ERROR = "error"


class CensorCause(StrEnum):
    NONE = ""
    RACE = "race"
    KEYSTROKE = "keystroke"
    TIMEOUT = "timeout"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; -1 where it did not say."""

    prompt_tokens: int = -1
    completion_tokens: int = -1
    cached_tokens: int = -1
    reasoning_tokens: int = -1


@dataclass(frozen=True, slots=True)
class ServerTiming:
    """Durations in seconds that the provider reported of itself; None where it did not say."""

    queue_s: float | None = None
    prefill_s: float | None = None
    decode_s: float | None = None
    total_s: float | None = None


class Attempt:
    """One request to one provider. Mutable until it has ended; used from one event loop alone."""

    __slots__ = (
        "asked_tokens",
        "censor_cause",
        "cold_connection",
        "delay_ns",
        "error",
        "finish_reason",
        "launch_reason",
        "let_run",
        "model",
        "outcome",
        "prompt_length",
        "provider",
        "received_ns",
        "reconnects",
        "role",
        "server_timing",
        "simulated",
        "stamps",
        "status",
        "text_length",
        "usage",
        "won",
    )

    def __init__(
        self,
        provider: str,
        model: str = "",
        *,
        role: Role = Role.PRIMARY,
        launch_reason: LaunchReason = LaunchReason.REQUEST,
        simulated: bool = False,
    ) -> None:
        self.provider = provider
        self.model = model
        self.role = role
        self.launch_reason = launch_reason
        self.simulated = simulated
        self.stamps = [0] * len(AttemptStage)
        self.stamps[AttemptStage.STARTED] = monotonic_ns()
        self.outcome = AttemptOutcome.RUNNING
        self.censor_cause = CensorCause.NONE
        self.won = False
        self.error = ""
        """The error's class name, never its text: a provider's message may quote the prompt."""
        self.status = 0
        """HTTP status, or the status inside a stream; 0 when there was none."""
        self.finish_reason = ""
        self.usage = Usage()
        self.server_timing = ServerTiming()
        self.cold_connection = False
        self.reconnects = 0
        self.text_length = 0
        """Characters of visible text that arrived."""
        self.delay_ns = 0
        """How long after its keystroke's first attempt a policy began it."""
        self.let_run = False
        """A loser that went on to its first usable text, for the sake of unbiased figures."""
        self.prompt_length = 0
        """Characters of code that were sent along; 0: not noted."""
        self.asked_tokens = 0
        """The most tokens that were asked for; 0: not noted."""
        self.received_ns = 0
        """When the bytes had been read that arrived last; 0: not noted. It is not stored."""

    def stamp(self, stage: AttemptStage, at_ns: int = 0) -> None:
        """Note that `stage` was reached, the first time it is (`at_ns`: now if 0)."""
        if not self.stamps[stage]:
            self.stamps[stage] = at_ns or monotonic_ns()

    def end(
        self,
        outcome: AttemptOutcome,
        *,
        cause: CensorCause = CensorCause.NONE,
        error: str = "",
        status: int = 0,
    ) -> None:
        """Close the attempt. A second call changes nothing."""
        if self.outcome is AttemptOutcome.RUNNING:
            self.stamp(AttemptStage.ENDED)
            self.outcome = outcome
            self.censor_cause = cause
            self.error = error
            self.status = status or self.status

    def copy(self) -> Attempt:
        """An attempt of the same state, which later changes to this one do not reach."""
        twin = object.__new__(Attempt)
        # Spelled out: a loop over the slots took twice as long, at every keystroke.
        twin.provider = self.provider
        twin.model = self.model
        twin.role = self.role
        twin.launch_reason = self.launch_reason
        twin.simulated = self.simulated
        twin.stamps = self.stamps.copy()
        twin.outcome = self.outcome
        twin.censor_cause = self.censor_cause
        twin.won = self.won
        twin.error = self.error
        twin.status = self.status
        twin.finish_reason = self.finish_reason
        twin.usage = self.usage
        twin.server_timing = self.server_timing
        twin.cold_connection = self.cold_connection
        twin.reconnects = self.reconnects
        twin.text_length = self.text_length
        twin.delay_ns = self.delay_ns
        twin.let_run = self.let_run
        twin.prompt_length = self.prompt_length
        twin.asked_tokens = self.asked_tokens
        twin.received_ns = self.received_ns
        return twin

    def __repr__(self) -> str:
        return f"<Attempt {self.provider}/{self.model} {self.role} {self.outcome}>"


class Trace:
    """One keystroke, from key to reply. Mutable until recorded; used from one event loop alone."""

    __slots__ = (
        "attempts",
        "denied",
        "document",
        "file_type",
        "hedge_delay_ns",
        "language",
        "outcome",
        "policy",
        "sequence",
        "source",
        "stamps",
        "text_from",
        "text_length",
        "trigger",
        "unsettled",
        "when_settled",
    )

    def __init__(self, sequence: int, *, language: str = "", file_type: str = "") -> None:
        self.sequence = sequence
        """Counts the keystrokes of one server process from 1."""
        self.language = language
        self.file_type = file_type
        """The file's extension without its dot, lower case; no other part of its name."""
        self.document = 0
        """A salted hash of the document's URI: tells documents apart, and cannot be turned back."""
        self.trigger = 2
        """LSP `InlineCompletionTriggerKind`: 1 invoked, 2 automatic."""
        self.stamps = [0] * len(Stage)
        self.attempts: list[Attempt] = []
        self.outcome: Outcome | None = None
        self.source = Source.NONE
        self.text_from = 0
        """The keystroke for which the provider said the text that was sent; 0: this one."""
        self.text_length = 0
        """Characters of the suggestion that was sent."""
        self.policy = ""
        """By which policy providers were asked; empty: one was asked by itself."""
        self.hedge_delay_ns = -1
        """After which time a backup was to be asked; -1: never for the time's sake."""
        self.denied = ""
        """Why a backup that was due was not asked; empty: none was denied."""
        self.unsettled = 0
        """How many attempts go on without the stream that began them. While there are any, the
        trace is not complete."""
        self.when_settled: Callable[[], None] | None = None
        """Called when there are none any more."""

    def settle(self) -> None:
        """Note that an attempt has ended which was counted as `unsettled`."""
        self.unsettled -= 1
        if not self.unsettled and self.when_settled is not None:
            tell, self.when_settled = self.when_settled, None
            tell()

    def stamp(self, stage: Stage, at_ns: int = 0) -> None:
        """Note that `stage` was reached, the first time it is (`at_ns`: now if 0)."""
        if not self.stamps[stage]:
            self.stamps[stage] = at_ns or monotonic_ns()

    def attempt(
        self,
        provider: str,
        model: str = "",
        *,
        role: Role = Role.PRIMARY,
        launch_reason: LaunchReason = LaunchReason.REQUEST,
        simulated: bool = False,
    ) -> Attempt:
        """Begin and return an attempt to serve this keystroke."""
        attempt = Attempt(
            provider, model, role=role, launch_reason=launch_reason, simulated=simulated
        )
        self.attempts.append(attempt)
        return attempt

    def end(self, outcome: Outcome) -> None:
        """Settle the outcome. The first call decides: a late loser cannot change it."""
        if self.outcome is None:
            self.outcome = outcome

    def copy(self) -> Trace:
        """A trace of the same state, attempts included; later changes to this one stay here."""
        twin = object.__new__(Trace)
        twin.sequence = self.sequence
        twin.language = self.language
        twin.file_type = self.file_type
        twin.document = self.document
        twin.trigger = self.trigger
        twin.stamps = self.stamps.copy()
        twin.attempts = [attempt.copy() for attempt in self.attempts]
        twin.outcome = self.outcome
        twin.source = self.source
        twin.text_from = self.text_from
        twin.text_length = self.text_length
        twin.policy = self.policy
        twin.hedge_delay_ns = self.hedge_delay_ns
        twin.denied = self.denied
        twin.unsettled = 0
        twin.when_settled = None
        return twin

    def __repr__(self) -> str:
        return f"<Trace {self.sequence} {self.outcome} attempts={self.attempts}>"
