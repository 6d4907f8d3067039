"""Which pieces of other files are shown to the model."""

from __future__ import annotations

from collections.abc import Mapping

from ghostlap.lsp_server.context.imports import imported_words, module_words
from ghostlap.lsp_server.context.snippets import Around, Piece, Ranking, Source, are_related

USERS = """
class UserRepository:
    def find_by_email(self, email):
        return self.session.query(User).filter_by(email=email).one()
""".strip("\n").split("\n")
SHAPES = """
class Circle:
    def area(self):
        return math.pi * self.radius ** 2
""".strip("\n").split("\n")
CURSOR = (
    "class AccountRepository:\n    def find_by_email(self, email):\n        return self.session."
)


def source(path: str, lines: list[str]) -> Source:
    return Source.of(path, 1, lines, module_words(path))


SOURCES = {"users": source("app/users.py", USERS), "shapes": source("app/shapes.py", SHAPES)}


def best_pieces(sources: Mapping[str, Source], around: Around, *, budget_chars: int) -> list[Piece]:
    ranking = Ranking(sources, around)
    for uri in sources:
        ranking.score(uri)
    return ranking.best(budget_chars)


def paths(around: Around, *, budget_chars: int = 2000) -> list[str]:
    chosen = best_pieces(SOURCES, around, budget_chars=budget_chars)
    return [piece.snippet.path for piece in chosen]


def test_the_piece_that_resembles_the_text_around_the_cursor_comes_last() -> None:
    assert paths(Around.of(CURSOR, ""))[-1] == "app/users.py"


def test_an_imported_file_comes_before_one_that_resembles_more() -> None:
    imported = imported_words(["from app import shapes"])
    assert paths(Around.of(CURSOR + "area", "", imported))[-1] == "app/shapes.py"


def test_after_the_best_piece_of_an_imported_file_the_others_come_by_likeness() -> None:
    more = {**SOURCES, "squares": source("app/squares.py", ["class Square:", "    area = 4", ""])}
    imported = imported_words(["from app import shapes, squares"])
    chosen = best_pieces(more, Around.of(CURSOR + "area", "", imported), budget_chars=2000)
    names = [piece.snippet.path for piece in chosen]
    assert names[-1] in ("app/shapes.py", "app/squares.py")
    assert names[-2] == "app/users.py"


def test_a_rare_word_counts_for_more_than_several_that_stand_everywhere() -> None:
    common = ["def total(self, value):", "    return self.value"]
    files = {str(n): source(f"{n}.py", [*common, f"    # file{n}"]) for n in range(6)}
    files["rare"] = source("rare.py", ["zebra_count = 1", *(f"name{n} = {n}" for n in range(3))])
    cursor = "def total(self, value):\n    return self.value + zebra_count"
    chosen = best_pieces(files, Around.of(cursor, ""), budget_chars=2000)
    assert chosen[-1].snippet.path == "rare.py"


def test_pieces_stay_within_the_budget() -> None:
    assert paths(Around.of(CURSOR, ""), budget_chars=20) == []


def test_text_that_resembles_nothing_brings_nothing() -> None:
    assert paths(Around.of("zebra quagga okapi\n", "")) == []


def test_what_stands_around_the_cursor_already_is_not_said_twice() -> None:
    assert "app/users.py" not in paths(Around.of("\n".join(USERS) + "\n", ""))


def test_overlapping_windows_of_one_file_are_not_both_taken() -> None:
    lines = [f"{line}  # {number}" for number in range(20) for line in USERS]
    chosen = best_pieces(
        {"long": source("long.py", lines)}, Around.of(CURSOR, ""), budget_chars=100_000
    )
    taken = [line for piece in chosen for line in piece.snippet.text.split("\n")]
    assert taken
    assert len(taken) == len(set(taken))


def test_two_files_of_the_same_text_give_it_once() -> None:
    twins = {"a": source("a.py", USERS), "b": source("b.py", USERS)}
    assert len(best_pieces(twins, Around.of(CURSOR, ""), budget_chars=2000)) == 1


def test_related_languages_share_their_pieces() -> None:
    assert are_related("typescript", "javascriptreact")
    assert not are_related("python", "rust")


def test_imports_are_told_in_many_languages() -> None:
    for line in (
        "from app.users import User",
        'import { User } from "./users"',
        "const users = require('./users')",
        '#include "users.h"',
        "use crate::users::User;",
        "import com.acme.users.User;",
    ):
        assert "users" in imported_words([line]), line
    assert imported_words(["users = 1", "print(users)"]) == frozenset()
    assert "users" in imported_words(["import (", '\t"acme/users"', ")"])
    assert module_words("app/users/__init__.py") == frozenset({"users"})
