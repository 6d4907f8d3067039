"""What is likeliest: the same whether it was asked for at each letter or at the last one alone."""

import random
from pathlib import Path

import pytest

from ghostlap.providers.local.buffer import Buffer
from ghostlap.providers.local.build import build
from ghostlap.providers.local.places import Source
from ghostlap.providers.local.query import query_at
from ghostlap.providers.local.segment import Segment
from ghostlap.providers.local.vote import Verdict, Votes

URI = "file:///a.py"
SHAPES = """
def area(width, height):
    return width * height

def volume(width, height, depth):
    return area(width, height) * depth

def border(width, height):
    return 2 * width + 2 * height
""".lstrip("\n")


@pytest.fixture
def segment(tmp_path: Path) -> Segment:
    source = Path(random.__file__).read_text(encoding="utf-8")
    build([source], tmp_path / "a.index")
    return Segment(tmp_path / "a.index", Source.WORKSPACE)


def votes(*segments: Segment) -> Votes:
    buffer = Buffer()
    buffer.open(URI, SHAPES.split("\n"))
    buffer.catch_up(URI, -1, 1_000)
    return Votes(buffer, segments)


def verdict(of: Votes, prefix: str) -> Verdict | None:
    query, half, _ = query_at(prefix, document=1, line=9)
    return of.on(query, half)


@pytest.mark.parametrize("word", ["width", "height", "depth", "volume", "nothing"])
def test_letters_that_come_one_by_one_lead_where_they_lead_at_once(word: str) -> None:
    by_letter = votes()
    for count in range(len(word)):
        prefix = f"{SHAPES}\ndef again(width, height):\n    return {word[:count]}"
        one, other = verdict(by_letter, prefix), verdict(votes(), prefix)
        assert (one is None) == (other is None), prefix
        if one is not None and other is not None:
            assert one.token == other.token, prefix
            assert one.probability == pytest.approx(other.probability, abs=0.02), prefix


def test_probabilities_are_shares_of_all_there_is_and_what_is_unknown(segment: Segment) -> None:
    source = Path(random.__file__).read_text(encoding="utf-8")
    of = votes(segment)
    for at in range(4_000, 5_000, 7):
        query, half, _ = query_at(source[:at], document=1, line=9)
        weights, total = of.weighed(query, query.key, half)
        assert all(weight > 0 for weight in weights.values())
        assert not weights or sum(weights.values()) < total
        found = of.on(query, half)
        assert found is None or 0 < found.probability < 1


def test_a_letter_asks_no_index_again_where_enough_fits(segment: Segment) -> None:
    of = votes(segment)
    prefix = "        return self.ran"
    verdict(of, prefix)
    before = of.gathered
    for letter in "dom":
        prefix += letter
        verdict(of, prefix)
    assert of.gathered - before <= 1


def test_a_word_is_found_by_its_spelling_whatever_stands_before_it() -> None:
    found = verdict(votes(), "!!! vol")
    assert found is not None
    assert found.token == ("volume", 1)


def test_the_same_word_in_a_hidden_file_has_no_vote(tmp_path: Path) -> None:
    build(["alphabet = 1\n", "alphanumeric = 1\nalphanumeric = 2\n"], tmp_path / "a.index")
    segment = Segment(tmp_path / "a.index", Source.WORKSPACE)
    query, half, _ = query_at("alph")
    assert half is not None
    counted = {each.word: each.share for each in segment.spelled(half, query)}
    assert counted == {"alphabet": pytest.approx(1 / 3), "alphanumeric": pytest.approx(2 / 3)}
    segment.hide([0])  # files are numbered from the last one
    assert [each.word for each in segment.spelled(half, query)] == ["alphabet"]
    segment.hide([0, 1])
    assert segment.spelled(half, query) == []


def test_words_of_open_documents_say_how_near_and_how_often() -> None:
    buffer = Buffer()
    buffer.open(URI, ["height = 1", "", "", "height = 2", "heights = 3"])
    buffer.catch_up(URI, -1, 100)
    query, half, _ = query_at("hei", document=1, line=2)
    assert half is not None
    near = {each.word: (each.seen, each.distance) for each in buffer.spelled(half, query)}
    assert near == {"height": (2, 1), "heights": (1, 2)}
    buffer.edit(URI, 3, 4, ["width = 2"])
    buffer.catch_up(URI, -1, 100)
    near = {each.word: (each.seen, each.distance) for each in buffer.spelled(half, query)}
    assert near == {"height": (1, 2), "heights": (1, 2)}
