"""The base protocol of LSP 3.18: headers with a Content-Length, a blank line, a JSON body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["FrameDecoder", "FrameError", "decode_body", "encode_message"]

# The usual block is 20 bytes. What has grown past this without a blank line is no header.
_MAX_HEADER_BYTES = 8 * 1024
# A stream that is out of step keeps this much: more than the header block that may be arriving.
_KEPT_WHEN_LOST_BYTES = 256
# A didOpen of a 100 MB file still passes; a length that only a broken client would send does not.
_MAX_BODY_BYTES = 256 * 1024 * 1024

_USUAL_START = b"Content-Length: "
_USUAL_DIGITS = 10
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FLAGS = re.IGNORECASE | re.MULTILINE
_LENGTH_LINE = re.compile(rb"^content-length[ \t]*:[ \t]*(\d+)[ \t]*\r?$", _FLAGS)
# Behind the rest of a body that was longer than announced. JSON strings hold no bare line ends, so
# a document that quotes such a header does not match.
_STRAY_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d+)[ \t]*\r?$", _FLAGS)


@dataclass(frozen=True, slots=True)
class FrameError:
    """Bytes that are no message were skipped, and why."""

    reason: str


class FrameDecoder:
    """Cuts a stream of bytes into message bodies, and finds the next message behind a broken one.

    Header names in any case, extra headers and bare LFs are accepted. Each loss of step is reported
    once, by a `FrameError` in the place of the messages that were lost.
    """

    __slots__ = ("_body_bytes", "_lost", "_max_body_bytes", "_pending")

    def __init__(self, *, max_body_bytes: int = _MAX_BODY_BYTES) -> None:
        self._max_body_bytes = max_body_bytes
        self._pending = bytearray()
        self._body_bytes = -1
        """Length of the body that `_pending` begins with, or -1: it begins with headers."""
        self._lost = False

    def feed(self, data: bytes) -> list[bytes | FrameError]:
        """Take the next bytes and return the bodies that they completed, in order."""
        if self._pending:
            self._pending += data
            if len(self._pending) < self._body_bytes:
                return []
            data = bytes(self._pending)
            self._pending.clear()
        frames: list[bytes | FrameError] = []
        at = 0
        while at < len(data):
            if self._body_bytes < 0:
                after_header = self._read_header(data, at, frames)
                if after_header < 0:
                    break
                at = after_header
            if self._body_bytes >= 0:
                end = at + self._body_bytes
                if end > len(data):
                    self._pending += memoryview(data)[at:]
                    break
                frames.append(data[at:end])
                self._body_bytes = -1
                at = end
        return frames

    def _read_header(self, data: bytes, at: int, frames: list[bytes | FrameError]) -> int:
        """Set `_body_bytes` by the header block at `at`, or leave it at -1 where there is none.

        Returns where the block ends, or -1 when it has not ended yet and was put aside.
        """
        if data.startswith(_USUAL_START, at):
            start = at + len(_USUAL_START)
            end = data.find(b"\r\n\r\n", start, start + _USUAL_DIGITS + 4)
            if end > 0 and (digits := data[start:end]).isdigit():
                self._accept_length(digits, frames)
                return end + 4
        while at < len(data) and data[at] in b"\r\n":  # some clients end a body with a line end
            at += 1
        blank = _BLANK_LINE.search(data, at)
        if blank is None:
            self._put_aside(data, at, frames)
            return -1
        block = data[at : blank.start()]
        lengths = _LENGTH_LINE.findall(block)
        if not lengths:
            lengths = _STRAY_LENGTH.findall(block)
            reason = "bytes stood before a header" if lengths else "no valid Content-Length"
            self._lose_step(reason, frames)
        if lengths:
            self._accept_length(lengths[-1], frames)
        return blank.end()

    def _accept_length(self, digits: bytes, frames: list[bytes | FrameError]) -> None:
        if len(digits) > _USUAL_DIGITS or int(digits) > self._max_body_bytes:
            self._lose_step(f"a Content-Length above {self._max_body_bytes} bytes", frames)
            return
        self._body_bytes = int(digits)
        self._lost = False

    def _put_aside(self, data: bytes, at: int, frames: list[bytes | FrameError]) -> None:
        if len(data) - at > _MAX_HEADER_BYTES:
            self._lose_step(f"no blank line within {_MAX_HEADER_BYTES} bytes of header", frames)
        if self._lost:
            at = max(at, len(data) - _KEPT_WHEN_LOST_BYTES)
        self._pending += memoryview(data)[at:]

    def _lose_step(self, reason: str, frames: list[bytes | FrameError]) -> None:
        if not self._lost:
            frames.append(FrameError(reason))
        self._lost = True


def encode_message(message: Mapping[str, Any]) -> bytes:
    """Header and body of one message."""
    try:
        body = orjson.dumps(message)
    except TypeError:
        # A lone surrogate, which an editor that counts in UTF-16 may send, or a huge id.
        import json  # noqa: PLC0415 - hardly ever needed, and start-up is short

        body = json.dumps(message).encode("ascii")
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def decode_body(body: bytes) -> Any:
    """The JSON value of a message body. Raises ValueError when it is none."""
    try:
        return orjson.loads(body)
    except ValueError:
        # JSON.stringify escapes a lone surrogate, orjson refuses it, and the edit that holds it
        # must not be lost.
        return _decode_leniently(body)


def _decode_leniently(body: bytes) -> Any:
    import json  # noqa: PLC0415 - hardly ever needed, and start-up is short

    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
