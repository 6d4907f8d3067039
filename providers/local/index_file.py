"""The file that an index is kept in: named arrays behind a header that says what was indexed.

Layout: the magic; as little-endian numbers the lengths of the header and of the front (8 bytes
each), the CRC-32 of these lengths and the front, and that of the streams (4 bytes each); the front,
which is a JSON header (where each array stands, what was indexed) and the arrays about files and
words; the streams. Each array is aligned to 8 bytes.

The front is small and is held against its sum whenever the file is opened. The streams are four
fifths of the file: reading them for a sum would take as much of the server's memory as they are
long, so that this is left to the process that brings the index up to date.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ARRAYS", "MAGIC", "IndexFileInvalid", "map_index", "verify_index", "write_index"]

MAGIC = b"ghostlap index 3\n"
ARRAYS = {
    "file_starts": "i4",
    "word_shapes": "u1",
    "word_ends": "u4",
    "word_bytes": "u1",
    "counts": "i4",
    # The streams.
    "tokens": ">u4",  # last first; big-endian, so that comparing bytes compares numbers
    "shapes": ">u4",
    "by_context": "i4",
    "by_shape": "i4",
}
_FIRST_STREAM = "tokens"
_LENGTHS = struct.Struct("<QQ")
_SUMS = struct.Struct("<II")
_FRONT_AT = -(-(len(MAGIC) + _LENGTHS.size + _SUMS.size) // 8) * 8
_READ_BYTES = 1 << 20


class IndexFileInvalid(Exception):
    """The file is not an index of this version, or it is damaged. It can be built anew."""


def write_index(path: Path, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> None:
    """Write an index file, which is complete or not there at all."""
    data = {name: np.ascontiguousarray(arrays[name], dtype=kind) for name, kind in ARRAYS.items()}
    places: dict[str, list[int]] = {}
    at = 0
    for name, each in data.items():
        places[name] = [at, len(each)]
        at += _aligned(each.nbytes)
    header = json.dumps({"about": about, "arrays": places, "order": sys.byteorder}).encode()
    header += b" " * (_aligned(len(header)) - len(header))
    padded = [part for each in data.values() for part in (each.data, bytes(-each.nbytes % 8))]
    first_stream = 2 * [*ARRAYS].index(_FIRST_STREAM)
    front, streams = [header, *padded[:first_stream]], padded[first_stream:]
    front_bytes = len(header) + places[_FIRST_STREAM][0]
    lengths = _LENGTHS.pack(len(header), front_bytes)
    numbers = lengths + _SUMS.pack(_sum([lengths, *front]), _sum(streams))
    half_done = path.with_name(f"{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with half_done.open("wb") as file:
            file.write((MAGIC + numbers).ljust(_FRONT_AT, b"\0"))
            for part in (*front, *streams):
                file.write(part)
        half_done.replace(path)
    finally:
        half_done.unlink(missing_ok=True)


def map_index(path: Path) -> tuple[mmap.mmap, dict[str, NDArray[Any]], dict[str, Any]]:
    """Map an index file: its bytes, its arrays, what was indexed. The streams are not looked at.

    Raises `IndexFileInvalid`, and OSError where the file can't be read.
    """
    with path.open("rb") as file:
        try:
            raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise IndexFileInvalid("it is empty") from error
    start = raw[:_FRONT_AT]
    length, front_bytes, front_sum, _ = _numbers(start)
    _check_front(start, memoryview(raw)[_FRONT_AT : _FRONT_AT + front_bytes], front_sum)
    try:
        header = json.loads(raw[_FRONT_AT : _FRONT_AT + length])
        if header["order"] != sys.byteorder:
            raise IndexFileInvalid("it was made on another kind of machine")
        arrays = {}
        for name, kind in ARRAYS.items():
            at, count = header["arrays"][name]
            arrays[name] = np.frombuffer(raw, kind, count, _FRONT_AT + length + at)
        about = dict(header["about"])
    except (ValueError, KeyError, TypeError) as error:
        raise IndexFileInvalid("its header is damaged, or it is cut off") from error
    return raw, arrays, about


def verify_index(path: Path) -> None:
    """Read all of an index file. Raises `IndexFileInvalid` and OSError as `map_index` does."""
    with path.open("rb") as file:
        start = file.read(_FRONT_AT)
        _, front_bytes, front_sum, stream_sum = _numbers(start)
        size = os.fstat(file.fileno()).st_size
        _check_front(start, file.read(min(front_bytes, size)), front_sum)
        found = 0
        while part := file.read(_READ_BYTES):
            found = zlib.crc32(part, found)
    if found != stream_sum:
        raise IndexFileInvalid("it is damaged, or it is cut off")


def _numbers(start: bytes) -> tuple[int, int, int, int]:
    """Return the lengths of header and front, and the sums of front and streams."""
    if not start.startswith(MAGIC):
        raise IndexFileInvalid("it is not an index of this version")
    if len(start) < _FRONT_AT:
        raise IndexFileInvalid("it is cut off")
    length, front_bytes = _LENGTHS.unpack_from(start, len(MAGIC))
    front_sum, stream_sum = _SUMS.unpack_from(start, len(MAGIC) + _LENGTHS.size)
    return length, front_bytes, front_sum, stream_sum


def _check_front(start: bytes, front: bytes | memoryview, front_sum: int) -> None:
    if _sum([start[len(MAGIC) :][: _LENGTHS.size], front]) != front_sum:
        raise IndexFileInvalid("it is damaged")


def _aligned(size: int) -> int:
    return -(-size // 8) * 8


def _sum(parts: Iterable[bytes | memoryview]) -> int:
    found = 0
    for part in parts:
        found = zlib.crc32(part, found)
    return found
