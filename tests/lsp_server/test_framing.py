from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostlap.lsp_server.protocol.framing import (
    FrameDecoder,
    FrameError,
    decode_body,
    encode_message,
)


def frame(body: bytes, header: bytes = b"Content-Length: %d\r\n\r\n") -> bytes:
    return header % len(body) + body


def bodies_of(stream: bytes, *, chunk: int = 1 << 20) -> list[bytes]:
    return [found for found in feed(FrameDecoder(), stream, chunk) if isinstance(found, bytes)]


def errors_of(stream: bytes) -> list[str]:
    found = feed(FrameDecoder(), stream, 1 << 20)
    return [error.reason for error in found if isinstance(error, FrameError)]


def feed(decoder: FrameDecoder, stream: bytes, chunk: int) -> list[bytes | FrameError]:
    found: list[bytes | FrameError] = []
    for start in range(0, len(stream), chunk):
        found += decoder.feed(stream[start : start + chunk])
    return found


@settings(max_examples=200, deadline=None, database=None)
@given(
    st.lists(st.binary(max_size=40), max_size=6),
    st.sampled_from(
        [
            b"Content-Length: %d\r\n\r\n",
            b"content-length:%d\n\n",
            b"Content-Type: application/json; charset=utf-8\r\nCONTENT-LENGTH: %d \r\n\r\n",
        ]
    ),
    st.integers(1, 50),
)
def test_bodies_come_out_as_they_went_in_however_the_stream_is_cut(
    bodies: list[bytes], header: bytes, chunk: int
) -> None:
    stream = b"".join(frame(body, header) for body in bodies)

    assert bodies_of(stream, chunk=chunk) == bodies
    assert errors_of(stream) == []


def test_a_body_that_fills_many_reads_is_put_together() -> None:
    body = bytes(range(256)) * 4096

    assert bodies_of(frame(body) + frame(b"{}"), chunk=65536) == [body, b"{}"]


def test_line_ends_between_messages_are_skipped() -> None:
    assert bodies_of(frame(b"{}") + b"\r\n\n" + frame(b"[]")) == [b"{}", b"[]"]
    assert errors_of(frame(b"{}") + b"\r\n\n" + frame(b"[]")) == []


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "broken",
    [
        b"Content-Length: two\r\n\r\n{}",
        b"Content-Length: -2\r\n\r\n{}",
        b"Content-Length:\r\n\r\n{}",
        b"Content-Length: 2 bytes\r\n\r\n{}",
        b"Content-Type: application/json\r\n\r\n{}",
        b"Content-Length: 99999999999999999999\r\n\r\n{}",
        b"Content-Length: 999999999\r\n\r\n{}",
        b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}",  # more digits than int() reads
        b"a stray line\r\n\r\n",
        b"stray: lines\n\nand: more\n\n",
    ],
)
def test_the_message_behind_a_broken_header_is_read(broken: bytes, chunk: int) -> None:
    found = feed(FrameDecoder(), broken + frame(b'{"a":1}') + frame(b"[]"), chunk)

    assert found[1:] == [b'{"a":1}', b"[]"]
    assert isinstance(found[0], FrameError)


def test_a_body_that_is_longer_than_its_length_costs_no_message_behind_it() -> None:
    stream = b'Content-Length: 3\r\n\r\n{"a":1}' + frame(b"[]")

    assert bodies_of(stream) == [b'{"a', b"[]"]
    assert errors_of(stream) == ["bytes stood before a header"]


def test_a_body_that_is_shorter_than_its_length_costs_the_next_message_alone() -> None:
    stream = b'Content-Length: 9\r\n\r\n{"a":1}' + frame(b'{"b":2}') + frame(b"[]")

    assert bodies_of(stream)[-1] == b"[]"


def test_of_two_lengths_the_one_before_the_body_counts() -> None:
    stream = b"Content-Length: 99\r\nContent-Length: 2\r\n\r\n{}" + frame(b"[]")

    assert bodies_of(stream) == [b"{}", b"[]"]


def test_a_refused_body_that_quotes_a_header_is_not_taken_for_one() -> None:
    quoting = rb'{"text":"Content-Length: 2\r\n\r\n{}"}'
    stream = b"Content-Length: x\r\n\r\n" + quoting + frame(b"[]")

    assert bodies_of(stream) == [b"[]"]


def test_a_length_above_the_limit_is_refused_and_one_at_it_is_not() -> None:
    decoder = FrameDecoder(max_body_bytes=4)

    assert decoder.feed(frame(b"1234")) == [b"1234"]
    assert isinstance(decoder.feed(frame(b"12345"))[0], FrameError)
    assert decoder.feed(frame(b"1234")) == [b"1234"]


def test_endless_rubbish_is_reported_once_and_not_kept() -> None:
    decoder = FrameDecoder()

    found = feed(decoder, b"rubbish " * 100_000, 1000)

    assert [type(error) for error in found] == [FrameError]
    assert len(decoder._pending) < 10_000
    assert decoder.feed(frame(b"{}")) == [b"{}"]


def test_each_loss_of_step_is_reported() -> None:
    stream = (b"rubbish\r\n\r\n" + frame(b"{}")) * 2

    assert len(errors_of(stream)) == 2


def test_a_message_is_encoded_with_the_length_of_its_bytes() -> None:
    assert encode_message({"a": "é"}) == b'Content-Length: 10\r\n\r\n{"a":"\xc3\xa9"}'


def test_half_a_surrogate_pair_survives_both_ways() -> None:
    sent = encode_message({"text": "\ud83d"})

    (body,) = bodies_of(sent)

    assert decode_body(body) == {"text": "\ud83d"}


@pytest.mark.parametrize("body", [b"", b"{", b"{}{}", b"NaN", b'"\xff"', b"[" * 100_000, b"\x00"])
def test_a_body_that_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - no text of it is shown, it may quote the body
        decode_body(body)
