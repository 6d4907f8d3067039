"""How a request reaches a provider and its answer comes back: connections, timeouts, cancellation.

What knows the HTTP client are `_transport_pool` and `_transport_errors`, imported when they are
first needed, and of the rest of the program nothing.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Coroutine, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ghostlap.providers._errors import ConnectError
from ghostlap.providers._exchange import Endpoint, Exchange, shut_down
from ghostlap.providers._proxies import proxy_for
from ghostlap.telemetry import Attempt

if TYPE_CHECKING:
    from ghostlap.providers._transport_pool import Pool

__all__ = ["Endpoint", "Exchange", "Transport"]


class Transport:
    """The connections of all providers. Used from one event loop."""

    def __init__(self) -> None:
        self._pools: dict[tuple[str, ...], Pool] = {}
        self._pool_of: dict[Endpoint, Pool] = {}
        self._building = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._filling: set[Endpoint] = set()
        self._open: set[Exchange] = set()
        self.closed = False

    def exchange(
        self,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        content: bytes,
        attempt: Attempt,
        *,
        method: str = "POST",
    ) -> Exchange:
        """Return a request that is sent on entering it as a context, and cancelled on leaving it.

        The attempt is stamped: connection ready, sent, headers, first byte.
        """
        return Exchange(self, endpoint, headers, content, attempt, method)

    async def warm(self, endpoint: Endpoint) -> None:
        """Hold the endpoint's spare connections open. Sends no request; never raises."""
        if endpoint in self._filling or self.closed:
            return
        self._filling.add(endpoint)
        try:
            pool = await self.pool(endpoint)
            await pool.fill(endpoint.url, endpoint.spares, endpoint.connect_timeout_s)
        except Exception:  # noqa: BLE001, S110  the next request meets the same trouble, and tells
            pass
        finally:
            self._filling.discard(endpoint)

    async def idle(self) -> None:
        """Wait until what goes on off the path is done: refilling, and reading to the end."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def aclose(self) -> None:
        """Close every connection. Open exchanges end with `ConnectError`."""
        self.closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for exchange in list(self._open):
            await exchange.end()
        for pool in self._pools.values():
            await pool.aclose()

    async def pool(self, endpoint: Endpoint) -> Pool:
        """Return the connections to use for `endpoint`. For `Exchange`."""
        pool = self._pool_of.get(endpoint)
        if pool is None:
            pool = self._pool_of[endpoint] = await self._build(endpoint)
        if self.closed:
            raise shut_down(endpoint.provider)
        return pool

    def track(self, exchange: Exchange) -> None:
        """Note an exchange that has a connection. For `Exchange`."""
        self._open.add(exchange)

    def forget(self, exchange: Exchange) -> None:
        """Undo `track`. For `Exchange`."""
        self._open.discard(exchange)

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` off the path of a keystroke. For `Exchange`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def refill(self, endpoint: Endpoint) -> None:
        """Open again what was used up. For `Exchange`."""
        if endpoint.spares and endpoint not in self._filling and not self.closed:
            self.later(self.warm(endpoint))

    async def _build(self, endpoint: Endpoint) -> Pool:
        secure = endpoint.url.startswith("https:")
        proxy = proxy_for(endpoint.url)
        if proxy and not proxy.startswith(("http://", "https://")):
            raise ConnectError(
                endpoint.provider,
                f"a {proxy.partition(':')[0]} proxy cannot be used",
                "name an HTTP proxy in HTTPS_PROXY, or add the host to NO_PROXY",
            )
        files = (endpoint.ca_file, endpoint.client_cert_file, endpoint.client_key_file)
        key = (*(files if secure else ("-", "", "")), proxy)
        async with self._building:
            if key not in self._pools:
                client = await asyncio.to_thread(_load)
                try:
                    context = await asyncio.to_thread(client.tls_context, *files, secure=secure)
                except OSError as error:
                    raise ConnectError(
                        endpoint.provider,
                        f"a certificate file cannot be read ({error.strerror or error.args[0]})",
                        "check ca_file, client_cert_file and client_key_file, or SSL_CERT_FILE",
                    ) from error
                self._pools[key] = client.Pool(context, proxy)
        return self._pools[key]


def _load() -> ModuleType:
    return importlib.import_module("ghostlap.providers._transport_pool")
