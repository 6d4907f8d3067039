"""The NDJSON reader, whatever the network does to the lines."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ghostlap.providers._ndjson import NdjsonReader


def read(*fragments: bytes) -> list[bytes]:
    reader = NdjsonReader()
    events = [event for fragment in fragments for event in reader.feed(fragment)]
    return [event.data for event in events + reader.end()]


def test_each_line_is_an_event() -> None:
    assert read(b'{"a":1}\n{"b":2}\n') == [b'{"a":1}', b'{"b":2}']


def test_the_last_line_counts_without_a_line_end() -> None:
    assert read(b'{"a":1}\n{"done":true}') == [b'{"a":1}', b'{"done":true}']


def test_blank_lines_and_carriage_returns_are_dropped() -> None:
    assert read(b"\r\n\n{}\r\n  \n") == [b"{}"]


@given(
    lines=st.lists(st.text(alphabet=' \r{}"é🙂\u2028', max_size=6), max_size=8),
    cuts=st.lists(st.integers(0, 80), max_size=8),
)
def test_the_lines_do_not_depend_on_how_the_bytes_are_cut(
    lines: list[str], cuts: list[int]
) -> None:
    body = "\n".join(lines).encode()
    marks = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    fragments = [body[start:stop] for start, stop in pairwise(marks)]
    expected = [stripped for line in body.split(b"\n") if (stripped := line.strip())]
    assert read(*fragments) == expected
