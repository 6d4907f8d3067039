"""A server made of the wire alone, which the tests start: `wire_server.py TRANSPORT [LIMIT]`."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from ghostlap.lsp_server.protocol.wire import Channel, MessageHandler, run_stdio, run_tcp
from ghostlap.telemetry import monotonic_ns

log = logging.getLogger("test")

PIPES = {"pipes": True, "threads": False, "auto": None}


class Server:
    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.held: list[dict[str, Any]] = []

    def handle(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self.notify("test/answered", message)
            return
        handler: Callable[[dict[str, Any]], None] = getattr(self, f"on_{message['method']}")
        handler(message)

    def reply(self, message: dict[str, Any], result: Any) -> None:
        self.channel.send({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def notify(self, method: str, params: Any) -> None:
        self.channel.send({"jsonrpc": "2.0", "method": method, "params": params})

    def on_initialize(self, message: dict[str, Any]) -> None:
        encoding = message["params"]["capabilities"].get("general", {}).get("positionEncodings")
        capabilities = {"positionEncoding": encoding[0]} if encoding else {}
        self.reply(message, {"capabilities": capabilities, "seen": message["params"]})

    def on_initialized(self, _message: dict[str, Any]) -> None:
        self.notify("test/initialized", {})

    def on_echo(self, message: dict[str, Any]) -> None:
        self.reply(message, message.get("params"))

    def on_fail(self, message: dict[str, Any]) -> None:
        self.channel.send_error(message["id"], **message["params"])

    def on_hold(self, message: dict[str, Any]) -> None:
        self.held.append(message)

    def on_release(self, _message: dict[str, Any]) -> None:
        while self.held:
            self.on_echo(self.held.pop())

    def on_stamps(self, message: dict[str, Any]) -> None:
        self.reply(message, [self.channel.received_ns, monotonic_ns()])

    def on_dropped(self, message: dict[str, Any]) -> None:
        self.reply(message, self.channel.dropped)

    def on_ask(self, message: dict[str, Any]) -> None:
        self.channel.send({"jsonrpc": "2.0", "id": "mine", **message["params"]})

    def on_raise(self, message: dict[str, Any]) -> None:
        raise RuntimeError(message["params"])

    def on_print(self, message: dict[str, Any]) -> None:
        print("stray print", flush=True)  # noqa: T201 - what the transport has to survive
        os.write(1, b"stray write\n")
        code = "import sys; print('stray child, read', len(sys.stdin.read()))"
        subprocess.run([sys.executable, "-c", code], check=True)
        self.reply(message, None)

    def on_pour(self, message: dict[str, Any]) -> None:
        for number in range(message["params"]["count"]):
            self.notify("test/poured", [number, "x" * message["params"]["size"]])
        log.info("poured")

    def on_shutdown(self, message: dict[str, Any]) -> None:
        self.reply(message, None)

    def on_exit(self, _message: dict[str, Any]) -> None:
        self.channel.close()

    def on_crash(self, _message: dict[str, Any]) -> None:
        os._exit(3)


def connect(channel: Channel) -> MessageHandler:
    return Server(channel).handle


def announce(port: int) -> None:
    sys.stderr.write(f"port {port}\n")
    sys.stderr.flush()


async def main(transport: str, unread_limit_bytes: int) -> None:
    if transport == "tcp":
        await run_tcp("localhost", 0, connect, on_listening=announce)
    else:
        await run_stdio(
            connect,
            pipes=PIPES[transport],
            unread_limit_bytes=unread_limit_bytes,
            flush_timeout_s=0.5,
        )
    sys.stderr.write("ended\n")


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    asyncio.run(main(sys.argv[1], int((sys.argv[2:] or ["1000000"])[0])))
