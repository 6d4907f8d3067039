from __future__ import annotations

import os
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest

from ghostlap.telemetry import (
    CorruptStore,
    ForeignStore,
    NewerStore,
    NothingRecorded,
    StoreUnavailable,
)
from ghostlap.telemetry._database import open_for_reading, open_for_writing, sqlite_uri
from ghostlap.telemetry._migrations import APPLICATION_ID, MIGRATIONS, migrate

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")
not_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="nothing is forbidden to root"
)


def schema(path: Path) -> tuple[int, int, list[str]]:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        return version, application, [name for (name,) in names]


def open_and_close(path: Path) -> None:
    open_for_writing(path).close()


def test_a_missing_file_is_made_and_brought_to_the_latest_schema(path: Path) -> None:
    open_and_close(path)
    tables = ["attempt", "feedback", "keystroke", "label", "rollup", "session"]
    assert schema(path) == (len(MIGRATIONS), APPLICATION_ID, tables)


def test_an_empty_file_is_brought_to_the_latest_schema(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    open_and_close(path)
    assert schema(path)[0] == len(MIGRATIONS)


def test_opening_again_changes_nothing(path: Path) -> None:
    open_and_close(path)
    before = path.read_bytes()
    open_and_close(path)
    assert path.read_bytes() == before


@posix_only
def test_only_the_owner_can_read_what_was_recorded(path: Path) -> None:
    with closing(open_for_writing(path)):
        log = path.with_name(f"{path.name}-wal")
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert path.stat().st_mode & 0o777 == 0o600
        assert log.stat().st_mode & 0o777 == 0o600


@posix_only
def test_the_modes_of_what_was_there_before_are_left_alone(path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    path.touch(mode=0o644)
    open_and_close(path)
    assert path.parent.stat().st_mode & 0o777 == 0o755
    assert path.stat().st_mode & 0o777 == 0o644


def test_many_first_starts_at_once_make_one_database(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_and_close, [path] * 24))
    assert schema(path)[0] == len(MIGRATIONS)


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (done)")
        raise ZeroDivisionError

    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(ZeroDivisionError):
            migrate(connection, [*MIGRATIONS, fail])
        assert schema(path) == (0, 0, [])
        migrate(connection)
    assert schema(path)[0] == len(MIGRATIONS)


def test_a_migration_runs_only_the_steps_that_a_file_lacks(path: Path) -> None:
    open_and_close(path)

    def add(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE added (column)")

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, [*MIGRATIONS, add])
        migrate(connection, [*MIGRATIONS, add])
    version, _, tables = schema(path)
    assert version == len(MIGRATIONS) + 1
    assert "added" in tables


def test_the_database_of_a_newer_version_is_left_alone(path: Path) -> None:
    open_and_close(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(NewerStore, match=r"schema 99, this one knows 2.*upgrade ghostlap"):
        open_for_writing(path)
    with pytest.raises(NewerStore):
        open_for_reading(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE theirs (column)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"],
)
def test_the_database_of_another_program_is_left_alone(path: Path, statement: str) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
    before = path.read_bytes()
    with pytest.raises(ForeignStore, match="not ghostlap's"):
        open_for_writing(path)
    with pytest.raises(ForeignStore):
        open_for_reading(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all\n" * 400)
    before = path.read_bytes()
    with pytest.raises(CorruptStore, match="move the file away"):
        open_for_writing(path)
    with pytest.raises(CorruptStore, match=path.name):
        open_for_reading(path)
    assert path.read_bytes() == before


def test_reading_a_missing_file_makes_none(path: Path) -> None:
    with pytest.raises(NothingRecorded, match="nothing is recorded yet"):
        open_for_reading(path)
    assert not path.parent.exists()


def test_reading_an_empty_file_finds_nothing_recorded(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with pytest.raises(NothingRecorded):
        open_for_reading(path)


def test_a_reader_cannot_write(path: Path) -> None:
    open_and_close(path)
    with (
        closing(open_for_reading(path)) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM keystroke")


def test_a_folder_that_cannot_be_made_is_unavailable_and_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(StoreUnavailable, match=r"telemetry\.path"):
        open_for_writing(tmp_path / "data" / "telemetry.sqlite3")


@not_root
def test_a_folder_that_cannot_be_written_to_can_be_read(path: Path) -> None:
    open_and_close(path)
    path.parent.chmod(0o500)
    try:
        open_for_reading(path).close()
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (PurePosixPath("/home/a b/t?.sqlite3"), "file:///home/a%20b/t%3F.sqlite3"),
        (PureWindowsPath("C:/data/t.sqlite3"), "file:///C:/data/t.sqlite3"),
        (PureWindowsPath("//host/share/t.sqlite3"), "file:////host/share/t.sqlite3"),
    ],
)
def test_a_path_becomes_a_uri_that_sqlite_understands(path: PurePath, uri: str) -> None:
    assert sqlite_uri(path) == uri


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "50% off # ümlaut"
    open_and_close(folder / "telemetry.sqlite3")
    open_for_reading(folder / "telemetry.sqlite3").close()
    assert [file.name for file in folder.glob("*.sqlite3")] == ["telemetry.sqlite3"]


def companions(path: Path) -> set[str]:
    return {each.name.removeprefix(path.name) for each in path.parent.iterdir()} - {""}


def test_reading_leaves_nothing_beside_the_file(path: Path) -> None:
    open_and_close(path)
    before = path.read_bytes()
    readers = [open_for_reading(path) for _ in range(3)]
    for reader in readers:
        reader.execute("SELECT count(*) FROM keystroke").fetchall()
        reader.close()
    assert companions(path) == set()
    assert path.read_bytes() == before


def test_reading_beside_a_writer_leaves_the_writers_log(path: Path) -> None:
    with closing(open_for_writing(path)) as writer:
        writer.execute("INSERT INTO label (text) VALUES ('first')")
        with closing(open_for_reading(path)) as reader:
            query = "SELECT count(*) FROM label"
            assert reader.execute(query).fetchone() == (1,)
            writer.execute("INSERT INTO label (text) VALUES ('second')")
            assert reader.execute(query).fetchone() == (2,)
        assert companions(path) == {"-wal", "-shm"}
    assert companions(path) == set()


def test_a_connection_for_reading_cannot_write(path: Path) -> None:
    open_and_close(path)
    with (
        closing(open_for_reading(path)) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reader.execute("INSERT INTO label (text) VALUES ('first')")
