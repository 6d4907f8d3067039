"""How a request reaches a provider and its answer comes back: connections, timeouts, cancellation.

Only `_transport_pool` and `_transport_errors` know the HTTP client; both are imported when they are
first needed.
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
    from ghostlap.providers._transport_pool import Pool, Route

__all__ = ["Endpoint", "Exchange", "Transport"]


class Transport:
    """The connections of all providers. Used from one event loop."""

    def __init__(self) -> None:
        self._pools: dict[tuple[str, ...], Pool] = {}
        self._routes: dict[Endpoint, Route] = {}
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
            route = await self.route(endpoint)
            await route.fill(endpoint.spares)
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
            exchange.fail(shut_down(exchange.provider))
        for pool in self._pools.values():
            await pool.aclose()

    async def route(self, endpoint: Endpoint) -> Route:
        """Return the way to `endpoint`. For `Exchange`."""
        if self.closed:
            raise shut_down(endpoint.provider)
        route = self._routes.get(endpoint)
        if route is None:
            route = self._routes[endpoint] = await self._find(endpoint)
        return route

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

    async def _find(self, endpoint: Endpoint) -> Route:
        async with self._building:
            client = await asyncio.to_thread(_load)
            pool = await self._pool(endpoint, client)
        route: Route = client.Route(pool, endpoint.url, endpoint.connect_timeout_s)
        return route

    async def _pool(self, endpoint: Endpoint, client: ModuleType) -> Pool:
        proxy = proxy_for(endpoint.url)
        if proxy and not proxy.startswith(("http://", "https://")):
            raise ConnectError(
                endpoint.provider,
                f"a {proxy.partition(':')[0]} proxy cannot be used",
                "name an HTTP proxy in HTTPS_PROXY, or add the host to NO_PROXY",
            )
        secure = endpoint.url.startswith("https:")
        files = (endpoint.ca_file, endpoint.client_cert_file, endpoint.client_key_file)
        key = (*(files if secure else ("-", "", "")), proxy)
        if key not in self._pools:
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
