"""How far a suggestion goes on, and with which probability it is shown at all."""

from itertools import pairwise

import pytest

from ghostlap.providers.local.confidence import cutoff
from ghostlap.providers.local.decode import Suggested, decode
from ghostlap.providers.local.query import query_at
from ghostlap.providers.local.vote import Verdict, Votes
from ghostlap.providers.local.words import Break


class Foreseen(Votes):
    """Votes that were counted beforehand."""

    def __init__(self, verdicts: list[tuple[str | int, float]], gathered: int = 0) -> None:
        self._verdicts = iter(verdicts)
        self._each = gathered
        self.gathered = 0

    def on(self, *_asked: object, **_more: object) -> Verdict:
        self.gathered += self._each
        word, probability = next(self._verdicts, (Break.SAME, 1.0))
        return Verdict((word, 0), probability, ())


def decoded(*verdicts: tuple[str | int, float], cut: float = 0.6, gathered: int = 0) -> Suggested:
    query, half, _ = query_at("x=")
    return decode(query, half, Foreseen([*verdicts], gathered), cutoff=cut)


def test_a_text_ends_where_all_of_it_is_too_unlikely() -> None:
    assert decoded(("alpha", 0.9), ("(", 0.9), ("b", 0.7)).text == "alpha("
    assert decoded(("alpha", 0.9), ("(", 0.9), ("b", 0.7)).reason == "doubt"
    assert decoded(("alpha", 0.59)).text == ""


def test_its_probability_is_that_all_of_it_is_right() -> None:
    assert decoded(("alpha", 0.9), ("(", 0.9)).probability == pytest.approx(0.81)


def test_a_long_text_is_not_risked_for_a_token_that_is_less_sure() -> None:
    sure, unsure = ("self", 0.99), (".", 0.8)
    assert decoded(sure, unsure).text == "self"  # .15 of four characters, for one
    assert decoded(("me", 0.99), unsure).text == "me."
    assert decoded(sure, (".", 0.9)).text == "self."


def test_who_wants_all_is_given_all() -> None:
    assert decoded(("self", 0.1), (".", 0.1), ("name", 0.1), cut=1e-30).text == "self.name"


def test_a_key_gathers_so_many_ballots_and_leaves_the_rest_to_the_next() -> None:
    sure = [(word, 1.0) for word in "abcdefgh"]
    assert decoded(*sure, gathered=1).text == "abcd"
    assert decoded(*sure, gathered=0).text == "abcdefgh"
    assert decoded(*sure, gathered=1, cut=1e-30).text == "abcdefgh"


def test_one_character_is_not_shown() -> None:
    assert decoded(("(", 1.0)).text == ""


def test_the_cutoff_rises_with_the_share_that_shall_be_right() -> None:
    shares = [number / 100 for number in range(101)]
    cuts = [cutoff(share) for share in shares]
    assert all(low < high for low, high in pairwise(cuts))
    assert (cuts[0], cuts[-1]) == (0.0, 1.0)
    assert all(cut < share for share, cut in zip(shares[1:-1], cuts[1:-1], strict=True))
