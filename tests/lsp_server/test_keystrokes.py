from __future__ import annotations

import pytest

from ghostlap.lsp_server.protocol.keystrokes import Keystrokes
from ghostlap.telemetry import Stage

URI = "file:///home/someone/a.py"


def test_a_trace_begins_with_the_edit_that_asked_for_it() -> None:
    keystrokes = Keystrokes()
    keystrokes.opened(URI, "python")
    keystrokes.changed(URI, 5)
    trace = keystrokes.begin(URI, 7, trigger=1)
    assert (trace.sequence, trace.language, trace.file_type) == (1, "python", "py")
    assert trace.stamps[Stage.CHANGE_RECEIVED] == 5
    assert trace.stamps[Stage.REQUEST_RECEIVED] == 7
    assert trace.trigger == 1


def test_one_edit_is_the_keystroke_of_one_request() -> None:
    keystrokes = Keystrokes()
    keystrokes.opened(URI, "python")
    keystrokes.changed(URI, 5)
    keystrokes.begin(URI, 7)
    second = keystrokes.begin(URI, 9)
    assert (second.sequence, second.trigger) == (2, 2)
    assert second.stamps[Stage.CHANGE_RECEIVED] == 0


@pytest.mark.parametrize(("said", "trigger"), [(1, 1), (2, 2), (3, 2), (10**30, 2), (None, 2)])
def test_a_trigger_is_one_of_the_two_that_there_are(said: int | None, trigger: int) -> None:
    keystrokes = Keystrokes()
    keystrokes.opened(URI, "python")
    assert keystrokes.begin(URI, 7, said).trigger == trigger


def test_documents_are_told_apart_by_a_number_that_only_this_process_gives() -> None:
    ours, theirs = Keystrokes(b"salt"), Keystrokes()
    digests = set()
    for keystrokes in (ours, theirs):
        for uri in (URI, URI + "x"):
            keystrokes.opened(uri, "python")
            digests.add(keystrokes.begin(uri, 1).document)
    assert len(digests) == 4
    assert all(0 < digest < 2**63 for digest in digests)
    again = Keystrokes(b"salt")
    again.opened(URI, "python")
    assert again.begin(URI, 1).document in digests


@pytest.mark.parametrize(
    ("uri", "file_type"),
    [
        ("file:///a/b.py", "py"),
        ("file:///a/b.test.TSX", "tsx"),
        ("file:///a/b.c++", "c++"),
        ("file:///a/Makefile", ""),
        ("file:///a.folder/Makefile", ""),
        ("file:///a/.env", "env"),
        ("file:///a/letter.to-someone-i-know", ""),
        ("file:///a/x.a b", ""),
        ("untitled:Untitled-1", ""),
        ("file:///a/\ud800.py", "py"),
    ],
)
def test_of_a_name_only_the_extension_is_kept(uri: str, file_type: str) -> None:
    keystrokes = Keystrokes()
    keystrokes.opened(uri, "python")
    assert keystrokes.begin(uri, 1).file_type == file_type
