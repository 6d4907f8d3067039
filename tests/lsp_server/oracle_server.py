"""A language server that knows the file: it suggests the rest of a line, nothing, or nonsense.

    python oracle_server.py FILE [--log LOG] [--crash-after N] [--shape SHAPE]

Which of them goes by the line's number. With --log it writes down what it was sent; the shape is
the form of its answers: at-cursor, from-word, bare-list or without-range.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


class Oracle:
    def __init__(self, options: argparse.Namespace) -> None:
        self.lines = Path(options.file).read_text(encoding="utf-8").split("\n")
        self.options = options
        self.asked = 0

    def answer(self, method: str, params: Any) -> Any:
        if method == "initialize":
            return {"capabilities": {"positionEncoding": "utf-16", "textDocumentSync": 2}}
        if method == "textDocument/inlineCompletion":
            return self.suggest(**params["position"])
        return None

    def suggest(self, line: int, character: int) -> Any:
        self.asked += 1
        if self.asked == self.options.crash_after:
            sys.exit("the oracle has seen enough")
        before = self.lines[line].encode("utf-16-le")[: 2 * character].decode("utf-16-le")
        rest = self.lines[line][len(before) :]
        if line % 4 == 0 or len(before.strip()) < 2:
            return {"items": []}
        text = "NONSENSE" if line % 4 == 1 else rest
        here = {"line": line, "character": character}
        start = here
        if self.options.shape == "from-word":
            start, text = {"line": line, "character": 0}, before + text
        command = {"title": "", "command": "oracle.accepted", "arguments": [self.asked]}
        item = {"insertText": text, "range": {"start": start, "end": here}, "command": command}
        if self.options.shape == "without-range":
            del item["range"]
        return [item] if self.options.shape == "bare-list" else {"items": [item]}


def read(stream: Any) -> Any:
    length = 0
    while (line := stream.readline().strip()) or not length:
        if not line:
            sys.exit(1)
        length = int(line.partition(b":")[2])
    return json.loads(stream.read(length))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--log")
    parser.add_argument("--crash-after", type=int, default=0)
    parser.add_argument("--shape", default="at-cursor")
    options = parser.parse_args()
    oracle = Oracle(options)
    while (message := read(sys.stdin.buffer))["method"] != "exit":
        if options.log:
            with Path(options.log).open("a", encoding="utf-8") as log:
                log.write(json.dumps(message) + "\n")
        if "id" in message:
            result = oracle.answer(message["method"], message.get("params"))
            body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
            sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            sys.stdout.buffer.flush()


main()
