"""The open documents' index keeps up with every edit."""

from hypothesis import given
from hypothesis import strategies as st

from ghostlap.providers.local.buffer import Buffer
from ghostlap.providers.local.query import query_at
from ghostlap.providers.local.words import FIRST_WORD

URI = "file:///a.py"
LINES = ["def area(width, height):", "    return width * height", "", "area(1, 2)"]


def known(buffer: Buffer, prefix: str, uri: str = URI) -> set[str]:
    query, half, _ = query_at(prefix, document=buffer.number_of(uri), line=0)
    places = buffer.places(query, half)
    words = [token >> 1 for token in places.nexts.tolist()] if places else []
    return {buffer.text(word) for word in words if word >= FIRST_WORD}


def opened(lines: list[str], cursor_line: int = -1) -> Buffer:
    buffer = Buffer()
    buffer.open(URI, lines)
    buffer.catch_up(URI, cursor_line, 10_000)
    return buffer


def test_what_stands_in_a_document_is_proposed() -> None:
    assert "height" in known(opened(LINES), "    return width * ")


def test_the_line_that_is_typed_in_is_not() -> None:
    assert "height" not in known(opened(LINES, cursor_line=1), "    return width * ")


def test_an_edited_line_is_forgotten_and_its_new_text_known() -> None:
    buffer = opened(LINES)
    buffer.edit(URI, 1, 2, ["    return width * depth"])
    assert "height" not in known(buffer, "    return width * ")
    buffer.catch_up(URI, -1, 100)
    assert known(buffer, "    return width * ") == {"depth"}


def test_a_closed_document_is_forgotten() -> None:
    buffer = opened(LINES)
    buffer.close(URI)
    assert known(buffer, "    return width * ") == set()
    assert len(buffer) == 0


def test_catching_up_stops_at_its_limit_and_begins_near_the_cursor() -> None:
    buffer = Buffer()
    lines = [f"name_{number} = {number}" for number in range(1000)]
    buffer.open(URI, lines)
    assert buffer.catch_up(URI, 500, 10) == 10
    assert buffer.missing_lines == 990
    near = {f"name_{number}" for number in range(436, 446)}
    assert known(buffer, "name_4") <= near
    buffer.catch_up(URI, -1, 2000)
    assert buffer.missing_lines == 0


def test_distance_is_finite_in_ones_own_document_alone() -> None:
    buffer = opened(LINES)
    buffer.open("file:///b.py", ["other = 1"])
    buffer.catch_up("file:///b.py", -1, 10)
    for uri, finite in ((URI, True), ("file:///b.py", False)):
        query, half, _ = query_at("return width * ", document=buffer.number_of(uri), line=5)
        places = buffer.places(query, half)
        assert places is not None
        assert places.distances is not None
        assert bool((places.distances < 0).any()) == finite


EDITS = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.integers(0, 3),
        st.lists(st.sampled_from(["a = b", "  c(d)", "", "if e:", "f, g"]), max_size=3),
        st.booleans(),
    ),
    max_size=12,
)


@given(EDITS)
def test_after_any_edits_it_proposes_what_a_fresh_index_would(
    edits: list[tuple[int, int, list[str], bool]],
) -> None:
    lines = ["a = b", "  c(d)", "if e:"]
    buffer = opened(lines)
    for start, length, new, catch_up in edits:
        begin = min(start, len(lines))
        end = min(begin + length, len(lines))
        lines[begin:end] = new
        buffer.edit(URI, begin, end, new)
        if catch_up:
            buffer.catch_up(URI, -1, 3)
    buffer.catch_up(URI, -1, 10_000)
    fresh = opened(lines)
    for prefix in ("a ", "c(", "f,", "if "):
        assert known(buffer, prefix) == known(fresh, prefix)


def test_much_editing_does_not_grow_the_index() -> None:
    buffer = opened([f"name_{number} = {number}" for number in range(200)])
    for number in range(20_000):
        buffer.edit(URI, number % 200, number % 200 + 1, [f"name_{number % 7} = {number % 5}"])
        buffer.catch_up(URI, -1, 5)
    assert len(buffer._tokens) < 100_000
