"""Whatever completes code, behind one seam."""

from ghostlap.providers._base import (
    CompletionRequest,
    CompletionStream,
    DocumentObserver,
    Judge,
    Provider,
    Snippet,
    Verdict,
)
from ghostlap.providers._errors import (
    AuthenticationFailed,
    BadRequest,
    ConnectError,
    FirstTokenTimeout,
    NotFound,
    Overloaded,
    ProtocolError,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    StatusError,
    StreamStalled,
    Truncated,
)
from ghostlap.providers._settings import ProviderSettings

__all__ = [
    "AuthenticationFailed",
    "BadRequest",
    "CompletionRequest",
    "CompletionStream",
    "ConnectError",
    "DocumentObserver",
    "FirstTokenTimeout",
    "Judge",
    "NotFound",
    "Overloaded",
    "ProtocolError",
    "Provider",
    "ProviderError",
    "ProviderSettings",
    "ProviderTimeout",
    "RateLimited",
    "Snippet",
    "StatusError",
    "StreamStalled",
    "Truncated",
    "Verdict",
]
