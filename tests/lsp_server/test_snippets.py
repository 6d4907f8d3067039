"""Which pieces of other files are shown to the model."""

from ghostlap.lsp_server.context.snippets import RecentFiles

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


def recent() -> RecentFiles:
    files = RecentFiles()
    files.touch("file:///users.py", "app/users.py", "python", USERS)
    files.touch("file:///shapes.py", "app/shapes.py", "python", SHAPES)
    return files


def test_the_piece_that_resembles_the_text_around_the_cursor_comes_last() -> None:
    chosen = recent().similar("file:///me.py", CURSOR, "", "python", budget_chars=2000)
    assert chosen[-1].path == "app/users.py"
    assert "filter_by" in chosen[-1].text


def test_nothing_is_taken_from_the_file_itself_or_from_another_language() -> None:
    files = recent()
    files.touch("file:///me.py", "app/me.py", "python", USERS)
    files.touch("file:///users.ts", "app/users.ts", "typescript", USERS)
    chosen = files.similar("file:///me.py", CURSOR, "", "python", budget_chars=2000)
    assert {each.path for each in chosen} <= {"app/users.py", "app/shapes.py"}


def test_pieces_stay_within_the_budget() -> None:
    assert recent().similar("file:///me.py", CURSOR, "", "python", budget_chars=20) == ()


def test_text_that_resembles_nothing_brings_nothing() -> None:
    around = "zebra quagga okapi\n"
    assert recent().similar("file:///me.py", around, "", "python", budget_chars=2000) == ()


def test_what_stands_around_the_cursor_already_is_not_said_twice() -> None:
    prefix = "\n".join(USERS) + "\n"
    chosen = recent().similar("file:///me.py", prefix, "", "python", budget_chars=2000)
    assert all(each.path != "app/users.py" for each in chosen)


def test_a_closed_file_is_forgotten_and_the_oldest_gives_way() -> None:
    files = recent()
    files.forget("file:///users.py")
    chosen = files.similar("file:///me.py", CURSOR, "", "python", budget_chars=2000)
    assert all(each.path != "app/users.py" for each in chosen)
    for number in range(20):
        files.touch(f"file:///{number}.py", f"{number}.py", "python", USERS)
    assert len(files._files) <= 12


def test_overlapping_windows_of_one_file_are_not_both_taken() -> None:
    files = RecentFiles()
    lines = [line for _ in range(20) for line in USERS]
    files.touch("file:///long.py", "long.py", "python", lines)
    chosen = files.similar("file:///me.py", CURSOR, "", "python", budget_chars=100_000)
    starts = sum(len(each.text.split("\n")) for each in chosen)
    assert starts <= len(lines)
    assert chosen
