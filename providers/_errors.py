"""What can go wrong with a provider, as types. Errors are translated once, where the I/O is done.

ProviderError
├── ConnectError            no connection: name, port, TLS, proxy
├── StatusError             an answer that is not 2xx, or an error inside a 200 stream
│   ├── AuthenticationFailed    the key is missing, wrong or not allowed
│   ├── NotFound                no such model, deployment or route
│   ├── BadRequest              the request is refused as it stands
│   ├── RateLimited             too many requests, or no quota left
│   └── Overloaded              the provider is at fault or busy
├── ProviderTimeout
│   ├── FirstTokenTimeout       nothing visible in time
│   └── StreamStalled           the stream fell silent
└── ProtocolError           an answer that is not in the dialect
    └── Truncated               the stream ended without its terminator
"""

from __future__ import annotations

__all__ = [
    "AuthenticationFailed",
    "BadRequest",
    "ConnectError",
    "FirstTokenTimeout",
    "NotFound",
    "Overloaded",
    "ProtocolError",
    "ProviderError",
    "ProviderTimeout",
    "RateLimited",
    "StatusError",
    "StreamStalled",
    "Truncated",
]


class ProviderError(Exception):
    """A provider could not answer.

    `str()` is one sentence for the user: which provider, what happened, what to change. It never
    holds a key, nor the prompt.
    """

    retryable = False
    """Whether another backend, or the same one later, may well answer the same request."""
    permanent = False
    """Whether the backend should be set aside until its configuration changes."""

    def __init__(self, provider: str, problem: str, remedy: str = "") -> None:
        self.provider = provider
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{provider}: {problem}" + (f" — {remedy}" if remedy else ""))


class ConnectError(ProviderError):
    retryable = True


class StatusError(ProviderError):
    def __init__(
        self,
        provider: str,
        problem: str,
        remedy: str = "",
        *,
        status: int = 0,
        code: str = "",
        in_stream: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(provider, problem, remedy)
        self.status = status
        """HTTP status, or the status named inside the stream; 0 when neither was given."""
        self.code = code
        """The provider's own error code, for instance `insufficient_quota`."""
        self.in_stream = in_stream
        """Whether it came inside a stream that had begun with 200."""
        self.retry_after_s = retry_after_s
        """Seconds that the provider asked to be left alone, from whichever hint it gave."""


class AuthenticationFailed(StatusError):
    permanent = True


class NotFound(StatusError):
    permanent = True


class BadRequest(StatusError):
    permanent = True


class RateLimited(StatusError):
    retryable = True


class Overloaded(StatusError):
    retryable = True


class ProviderTimeout(ProviderError):
    retryable = True


class FirstTokenTimeout(ProviderTimeout):
    pass


class StreamStalled(ProviderTimeout):
    pass


class ProtocolError(ProviderError):
    pass


class Truncated(ProtocolError):
    retryable = True
