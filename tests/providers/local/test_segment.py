"""Index files: what is written is found again, and what is damaged is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostlap.providers.local.build import build
from ghostlap.providers.local.lexer import pieces, split_space
from ghostlap.providers.local.query import query_at
from ghostlap.providers.local.segment import MAGIC, IndexFileInvalid, Segment
from ghostlap.providers.local.words import FIRST_WORD

SOURCE = """
def area(width, height):
    return width * height

def volume(width, height, depth):
    return width * height * depth
""".lstrip("\n")


def texts(segment: Segment, positions: list[int]) -> list[str]:
    words = [segment.token_at(position) >> 1 for position in positions]
    return [segment.text(word) for word in words if word >= FIRST_WORD]


@pytest.fixture
def segment(tmp_path: Path) -> Segment:
    build([SOURCE, "x = {}\n"], tmp_path / "a.index")
    return Segment(tmp_path / "a.index")


def test_what_was_indexed_is_told(segment: Segment) -> None:
    assert segment.about == {"source_bytes": len(SOURCE) + len("x = {}\n"), "files": 2}


def test_every_word_is_found_by_its_text_and_back(segment: Segment) -> None:
    words = {split_space(piece)[0] for piece in pieces(SOURCE) if piece[0] not in "\r\n"}
    for word in words:
        number = segment.word(word)
        assert number >= FIRST_WORD, word
        assert segment.text(number) == word
    assert segment.word("nothing_like_it") == -1


def test_candidates_are_what_followed_the_longest_equal_context(segment: Segment) -> None:
    query, half, _ = query_at("def f():\n    return width * ")
    found = texts(segment, list(segment.candidates(query, half)))
    assert found[0] == "height"


def test_a_half_typed_word_is_completed_by_words_that_begin_so(segment: Segment) -> None:
    query, half, typed = query_at("def f():\n    return width * hei")
    assert half == (1, "hei")
    assert typed == len(" hei")
    assert set(texts(segment, list(segment.candidates(query, half)))) == {"height"}


def test_a_long_half_word_is_found_whatever_stands_before_it(segment: Segment) -> None:
    query, half, _ = query_at("!!! volu")
    query2, half2, _ = query_at("def volu")
    assert "volume" in texts(segment, list(segment.candidates(query2, half2)))
    assert texts(segment, list(segment.candidates(query, half))) in ([], ["volume"])


@given(st.lists(st.text(alphabet="ab c\n\t(.é🎉1", max_size=60), max_size=4))
def test_any_text_can_be_indexed(
    tmp_path_factory: pytest.TempPathFactory, sources: list[str]
) -> None:
    path = tmp_path_factory.mktemp("index") / "any.index"
    build(sources, path)
    segment = Segment(path)
    query, half, _ = query_at("".join(sources)[-40:])
    for position in segment.candidates(query, half):
        assert segment.token_at(position) >= 0


def test_a_file_appears_complete_or_not_at_all(tmp_path: Path) -> None:
    build([SOURCE], tmp_path / "deep" / "a.index")
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["a.index"]


@pytest.mark.parametrize("damage", ["empty", "foreign", "short", "header", "array"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.index"
    build([SOURCE], path)
    raw = path.read_bytes()
    damaged = {
        "empty": b"",
        "foreign": b"SQLite format 3\0" + raw[16:],
        "short": raw[: len(MAGIC) + 3],
        "header": raw[: len(MAGIC) + 8] + b"#" * 40 + raw[len(MAGIC) + 48 :],
        "array": raw[:-64],
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(IndexFileInvalid):
        Segment(path)
