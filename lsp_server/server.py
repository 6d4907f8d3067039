"""The language server as a process: its loop, its transport and its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from ghostlap.lsp_server.backends import Backends, OurBackends
from ghostlap.lsp_server.config import Config, Problem
from ghostlap.lsp_server.host import Host
from ghostlap.lsp_server.logs import describe
from ghostlap.lsp_server.protocol.wire import Channel, MessageHandler, run_stdio, run_tcp

__all__ = ["serve"]

log = logging.getLogger(__name__)

# How long another thread may keep the interpreter from a message that has arrived. With the default
# of 5 ms a key waited for 6 to 9 ms (median) while a thread imported modules, with this for 1.5.
_SWITCH_INTERVAL_S = 0.0005
_LEAVE_S = 1.0  # everything worth keeping is kept by then


def serve(
    config: Config,
    problems: Sequence[Problem] = (),
    *,
    tcp: tuple[str, int] | None = None,
    backends: Backends | None = None,
) -> int:
    """Serve one client over stdio, or the first that connects to `tcp`; returns the exit code.

    `problems` of the configuration are shown in the editor. With port 0 the system chooses one, and
    a line on stderr names it. Raises ValueError when the host is no loopback address, OSError when
    the port can't be had. Takes stdin, stdout and the settings of the interpreter: once a process.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    with asyncio.Runner() as runner:
        code = runner.run(_serve(Host(config, problems, backends or OurBackends()), tcp))
        # Leaving waits for threads, and for tasks that will not end, which may be never.
        abandon = threading.Timer(_LEAVE_S, os._exit, (code,))
        abandon.daemon = True
        abandon.start()
    abandon.cancel()
    return code


async def _serve(host: Host, tcp: tuple[str, int] | None) -> int:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_failure)

    def connect(channel: Channel) -> MessageHandler:
        with contextlib.suppress(NotImplementedError):  # Windows ends a process without asking
            loop.add_signal_handler(signal.SIGTERM, channel.close)
        return host.connect(channel)

    try:
        if tcp is None:
            await run_stdio(connect)
        else:
            await run_tcp(*tcp, connect, on_listening=_say_port)
    finally:
        await host.aclose()
        with contextlib.suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGTERM)
    return host.exit_code


def _say_port(port: int) -> None:
    sys.stderr.write(f"ghostlap: listening on port {port}\n")
    sys.stderr.flush()


def _log_failure(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what asyncio reports, without the reprs that its own handler would print."""
    error = context.get("exception")
    log.error("%s: %s", context["message"], describe(error) if error else "no exception")
