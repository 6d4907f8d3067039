"""The SSE reader against the rules of the format, and against a naive parser of whole bodies."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ghostlap.providers._sse import Event, SseReader


def read(*fragments: bytes) -> list[Event]:
    reader = SseReader()
    events = [event for fragment in fragments for event in reader.feed(fragment)]
    return events + reader.end()


def naive(body: bytes) -> list[Event]:
    """Read a whole body with regular expressions: slow, plain, and written apart."""
    events, name, data = [], "", []
    text = body.decode().removeprefix("\ufeff")
    for line in [*re.split("\r\n|\r|\n", text), ""]:
        if match := re.fullmatch(r"(?s)(data|event)(?::(?: ?)(.*))?", line):
            field, value = match[1], match[2] or ""
            if field == "data":
                data.append(value)
            else:
                name = value
        elif not line:
            if data:
                events.append(Event(name, "\n".join(data).encode()))
            name, data = "", []
    return events


def test_an_event_is_its_name_and_its_data() -> None:
    assert read(b"event: ping\ndata: {}\n\n") == [Event("ping", b"{}")]


def test_lines_end_in_cr_lf_or_both() -> None:
    for end in (b"\n", b"\r", b"\r\n"):
        body = end.join((b"data: a", b"", b"data: b", b"", b""))
        assert read(body) == [Event("", b"a"), Event("", b"b")]


def test_an_event_ended_by_cr_alone_does_not_wait_for_what_follows() -> None:
    assert SseReader().feed(b"data: a\r\r") == [Event("", b"a")]


def test_a_crlf_split_between_reads_is_one_line_end() -> None:
    assert read(b"data: a\r", b"\n", b"data: b\r", b"\n\r", b"\n") == [Event("", b"a\nb")]


def test_several_data_lines_are_joined_by_line_feeds() -> None:
    assert read(b"data: a\ndata:\ndata: b\n\n") == [Event("", b"a\n\nb")]


def test_at_most_one_space_after_the_colon_is_taken_off() -> None:
    assert read(b"data:a\n\ndata:  b\n\n") == [Event("", b"a"), Event("", b" b")]


def test_a_field_without_a_colon_is_a_field_with_an_empty_value() -> None:
    assert read(b"data\ndata: a\n\n") == [Event("", b"\na")]


def test_an_event_name_does_not_outlive_its_event() -> None:
    assert read(b"event: error\n\ndata: a\n\n") == [Event("", b"a")]


def test_unknown_fields_are_ignored() -> None:
    assert read(b"id: 7\nretry: 10\nwhatever\ndatax: b\ndata: a\n\n") == [Event("", b"a")]


def test_comments_are_counted_and_are_no_events() -> None:
    reader = SseReader()
    assert reader.feed(b": keep-alive\n\n:\n: OPENROUTER PROCESSING\n\n") == []
    assert reader.comments == 3


def test_a_byte_order_mark_is_taken_off_also_when_it_is_split() -> None:
    assert read(b"\xef", b"\xbb", b"\xbfdata: a\n\n") == [Event("", b"a")]
    assert read(b"\xef\xbb\xbfdata: a\n\n") == [Event("", b"a")]


def test_a_character_split_between_reads_arrives_whole() -> None:
    body = "data: é🙂ß\n\n".encode()
    assert read(*(body[at : at + 1] for at in range(len(body)))) == [Event("", body[6:-2])]


def test_the_last_event_counts_without_its_blank_line() -> None:
    assert read(b"data: [DONE]") == [Event("", b"[DONE]")]
    assert read(b"data: [DONE]\n") == [Event("", b"[DONE]")]


def test_line_separators_that_are_not_line_ends_stay_in_the_data() -> None:
    body = "data: a\u2028b\x0bc\x0cd\x85e\n\n".encode()
    assert read(body) == [Event("", body[6:-2])]


LINES = st.one_of(
    st.sampled_from(["data: x", "data:", "data", "event: e", "event", ": c", "", "id: 1", "dat"]),
    st.text(alphabet="da:et \u2028\x85é🙂\ufeff", max_size=8),
)


@given(
    lines=st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r", "\r\n"])), max_size=12),
    bom=st.booleans(),
    cuts=st.lists(st.integers(0, 200), max_size=12),
)
def test_the_events_do_not_depend_on_how_the_bytes_are_cut(
    lines: list[tuple[str, str]], *, bom: bool, cuts: list[int]
) -> None:
    body = (("\ufeff" if bom else "") + "".join(map("".join, lines))).encode()
    marks = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    fragments = [body[start:stop] for start, stop in pairwise(marks)]
    assert read(*fragments) == naive(body)
