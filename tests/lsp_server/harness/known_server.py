"""A language server that knows nothing of ghostlap. What it suggests a backend says, over TCP.

known_server.py PORT SPEC: the backend is told the specification first, and then a number for each
request; it sends the number back when its time is over. `freeze=S,EVERY` as SPEC has the server
itself stand still for S of each EVERY seconds, and asks nobody.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from typing import Any

NOTE = threading.Lock()


def read() -> dict[str, Any] | None:
    size = 0
    while line := sys.stdin.buffer.readline().strip():
        if line.lower().startswith(b"content-length:"):
            size = int(line.split(b":")[1])
    return json.loads(sys.stdin.buffer.read(size)) if size else None


def send(number: int, result: Any) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": number, "result": result}).encode()
    with NOTE:
        sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        sys.stdout.buffer.flush()


def suggest(number: int) -> None:
    send(number, [{"insertText": "a text"}])


def pass_on(backend: socket.socket) -> None:
    with backend.makefile("r") as lines:
        for line in lines:
            suggest(int(line))


def main() -> None:
    port, spec = int(sys.argv[1]), sys.argv[2]
    backend: socket.socket | None = None
    for_s = every_s = 0.0
    if spec.startswith("freeze="):
        for_s, every_s = map(float, spec.removeprefix("freeze=").split(","))
    else:
        backend = socket.create_connection(("127.0.0.1", port))
        backend.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        backend.sendall(spec.encode() + b"\n")
        threading.Thread(target=pass_on, args=(backend,), daemon=True).start()
    began_s = time.monotonic()
    while message := read():
        if message["method"] == "initialize":
            send(message["id"], {"capabilities": {"inlineCompletionProvider": True}})
        elif message["method"] == "shutdown":
            send(message["id"], None)
        elif message["method"] == "exit":
            break
        elif message["method"] == "textDocument/inlineCompletion":
            if backend is not None:
                backend.sendall(b"%d\n" % message["id"])
                continue
            into_s = (time.monotonic() - began_s) % every_s
            if into_s > every_s - for_s:
                time.sleep(every_s - into_s)
            suggest(message["id"])


main()
