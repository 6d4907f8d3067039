from __future__ import annotations

from ghostlap.lsp_server.engine.cancels import HOLD_S, Cancels

MS = 1_000_000
SOON_NS = 2 * MS
LATE_NS = int(HOLD_S * 1e9) + MS


def cancel_then_edit(cancels: Cancels, times: int, gap_ns: int) -> list[bool]:
    """What was thought of the client at each cancel."""
    thought = []
    for number in range(1, times + 1):
        at_ns = number * 1000 * MS
        thought.append(cancels.are_for_edits)
        cancels.cancelled(at_ns)
        cancels.edited(at_ns + gap_ns)
    return thought


def test_a_client_whose_edits_follow_at_once_is_known_after_two() -> None:
    assert cancel_then_edit(Cancels(), 4, SOON_NS) == [False, False, True, True]


def test_a_client_whose_edits_follow_later_means_its_cancels() -> None:
    assert not any(cancel_then_edit(Cancels(), 10, LATE_NS))


def test_an_edit_without_a_cancel_tells_nothing() -> None:
    cancels = Cancels()
    for number in range(10):
        cancels.edited(number)
    assert not cancels.are_for_edits


def test_one_who_waits_for_the_close_is_seldom_made_to_wait() -> None:
    """Its next edit follows soon too, but only because the provider had stopped."""
    cancels = Cancels()
    held = 0
    for number in range(1, 201):
        at_ns = number * 1000 * MS
        cancels.cancelled(at_ns)
        if cancels.are_for_edits:
            held += 1
            cancels.held_in_vain()
            cancels.edited(at_ns + LATE_NS)
        else:
            cancels.edited(at_ns + SOON_NS)
    assert held < 10
