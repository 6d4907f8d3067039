"""Index files: what is written is found again, and what is damaged is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostlap.providers.local.build import build
from ghostlap.providers.local.index_file import MAGIC, IndexFileInvalid, map_index
from ghostlap.providers.local.lexer import pieces, split_space
from ghostlap.providers.local.query import CONTEXT_TOKENS, query_at
from ghostlap.providers.local.segment import Segment
from ghostlap.providers.local.words import FIRST_WORD, Break, line_tokens

SOURCE = """
def area(width, height):
    return width * height

def volume(width, height, depth):
    return width * height * depth
""".lstrip("\n")


def texts(segment: Segment, prefix: str) -> list[str]:
    query, half, _ = query_at(prefix)
    places = segment.places(query, half)
    words = [token >> 1 for token in places.nexts.tolist()] if places else []
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
        number = segment.number(word)
        assert number >= FIRST_WORD, word
        assert segment.text(number) == word
    assert segment.number("nothing_like_it") == -1


def test_places_are_those_behind_the_longest_equal_context(segment: Segment) -> None:
    assert texts(segment, "def f():\n    return width * ")[0] == "height"


def test_a_half_typed_word_is_completed_by_words_that_begin_so(segment: Segment) -> None:
    _query, half, typed = query_at("def f():\n    return width * hei")
    assert half == (1, "hei")
    assert typed == len(" hei")
    assert set(texts(segment, "def f():\n    return width * hei")) == {"height"}


def test_a_long_half_word_is_found_whatever_stands_before_it(segment: Segment) -> None:
    assert "volume" in texts(segment, "def volu")
    assert texts(segment, "!!! volu") in ([], ["volume"])


def test_a_hidden_file_is_not_suggested_from(tmp_path: Path) -> None:
    build(["alpha = beta\n", "alpha = gamma\n"], tmp_path / "a.index")
    segment = Segment(tmp_path / "a.index")
    assert set(texts(segment, "alpha = ")) == {"beta", "gamma"}
    segment.hide([0])  # files are numbered from the last one
    assert set(texts(segment, "alpha = ")) == {"beta"}
    assert "gamma" not in texts(segment, "alpha = gam")
    segment.hide([])
    assert "gamma" in texts(segment, "alpha = gam")


@given(st.lists(st.text(alphabet="ab c\n\t(.é🎉1", max_size=60), max_size=4))
def test_any_text_can_be_indexed(
    tmp_path_factory: pytest.TempPathFactory, sources: list[str]
) -> None:
    path = tmp_path_factory.mktemp("index") / "any.index"
    build(sources, path)
    segment = Segment(path)
    found = texts(segment, "".join(sources)[-40:])
    indexed = {split_space(piece)[0] for source in sources for piece in pieces(source)}
    assert {*found} <= indexed | set(query_at("".join(sources)[-40:])[0].words)


@given(st.lists(st.text(alphabet="ab \n\t(.", max_size=60), max_size=4))
def test_lines_are_numbered_as_an_open_document_numbers_them(
    tmp_path_factory: pytest.TempPathFactory, sources: list[str]
) -> None:
    path = tmp_path_factory.mktemp("index") / "any.index"
    build(sources, path)
    _, arrays, _ = map_index(path)
    segment = Segment(path)
    expected = []
    for source in sources:
        width = 0
        for number, line in enumerate(source.split("\n")):
            kind, parts, width = line_tokens(line, width)
            expected.append(2 * (kind if number else Break.EDGE))
            parts = parts if number else pieces(line)  # white space before anything else stays
            expected += [segment.numbered(*split_space(each))[0] for each in parts]
            width = width if number else 0
    assert arrays["tokens"][::-1][CONTEXT_TOKENS:].tolist() == expected


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
