"""What the HTTP client raises, told as what happened to the provider. Imported late, as it is."""

from __future__ import annotations

import os
import ssl
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from ghostlap.providers._errors import (
    BadRequest,
    ConnectError,
    ProtocolError,
    ProviderError,
    Truncated,
)

__all__ = ["HeaderError", "is_stale", "translate"]


class HeaderError(ValueError):
    """A request's header would end its line, and begin another that nobody meant."""


def is_stale(error: Exception) -> bool:
    """Tell whether `error` is how a kept connection looks that the far side has closed meanwhile.

    Not so when a part of an answer had arrived: asking again could then be asking twice.
    """
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)  # else it holds the beginning of an answer
    return isinstance(error, OSError) and not isinstance(error, aiohttp.ClientConnectorError)


def translate(error: Exception, provider: str, url: str, *, answered: bool) -> ProviderError:
    """Return the error to raise; `answered` tells whether the response's headers had arrived."""
    where = _where(url)
    if isinstance(error, HeaderError):
        return BadRequest(
            provider, "a header of the request holds a line end", "check the key and headers"
        )
    if isinstance(error, aiohttp.ClientPayloadError):
        return Truncated(
            provider, "the connection closed inside the answer", "try again, or another backend"
        )
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ConnectError(
            provider,
            f"the proxy refused the way to {where} with status {error.status}",
            "check HTTPS_PROXY and its user and password, or add the host to NO_PROXY",
        )
    if isinstance(error, HttpProcessingError):
        return ProtocolError(
            provider, f"{where} does not answer in HTTP/1.1", "check base_url and its port"
        )
    problem, remedy = _connecting(error, where, answered=answered)
    return ConnectError(provider, problem, remedy)


def _connecting(  # noqa: PLR0911 - one for each kind of trouble
    error: Exception, where: str, *, answered: bool
) -> tuple[str, str]:
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return "no connection to the proxy", "check HTTPS_PROXY, or add the host to NO_PROXY"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return (
            f"the certificate of {where} is not trusted ({_verification(error)})",
            "set ca_file or SSL_CERT_FILE to a file with the authority that signed it",
        )
    if isinstance(error, aiohttp.ClientSSLError):
        return (
            f"TLS with {where} failed ({_reason(error.os_error)})",
            "check https in base_url, and client_cert_file where one is asked for",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the host of {where} is not known", "check base_url and the network"
    if isinstance(error, aiohttp.ServerTimeoutError | TimeoutError):
        return f"no connection to {where} in time", "check base_url, or raise connect_timeout_s"
    if isinstance(error, aiohttp.ClientConnectorError):
        return (
            f"no connection to {where} ({_reason(error.os_error)})",
            "start the server, or check base_url",
        )
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError | ValueError):
        return f"{where} is no address to send to", "check base_url"
    when = "inside its answer" if answered else "before it answered"
    return f"{where} closed the connection {when}", "try again, or check that it is well"


def _where(url: str) -> str:
    """Return host and port: no path, which may name a deployment, and no user."""
    return urlsplit(url).netloc.rpartition("@")[2] or "base_url"


def _verification(error: aiohttp.ClientConnectorCertificateError) -> str:
    reason = error.certificate_error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return str(reason.verify_message).rstrip(".")
    return type(reason).__name__


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    # Not strerror: asyncio puts the address there again, and its own words.
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__
