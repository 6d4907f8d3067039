"""A workspace's index follows its files, and costs no more than what has changed."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ghostlap.providers.local.installed import imported_sources
from ghostlap.providers.local.places import Source
from ghostlap.providers.local.query import query_at
from ghostlap.providers.local.segment import Segment
from ghostlap.providers.local.words import FIRST_WORD
from ghostlap.providers.local.workspace_build import (
    MANIFEST,
    Listed,
    families,
    most_recent,
    read_manifest,
    update,
)


def listed(root: Path) -> Mapping[str, Sequence[Listed]]:
    stats = [(path, path.stat()) for path in sorted(root.rglob("*.*"))]
    return families(
        Listed(path.relative_to(root).as_posix(), stat.st_mtime_ns, stat.st_size)
        for path, stat in stats
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    for number in range(20):
        (root / f"m{number}.py").write_text(f"alpha_{number} = beta_{number}\n" * 5)
    (root / "app.ts").write_text("const gamma = delta;\n")
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def following(folder: Path, prefix: str, family: str = "py") -> set[str]:
    found = set()
    for part in read_manifest(folder)[family]:
        segment = Segment(folder / part["file"], Source.WORKSPACE)
        segment.hide(part["hidden"])
        query, half, _ = query_at(prefix)
        places = segment.places(query, half)
        tokens = places.nexts.tolist() if places else []
        found |= {segment.text(token >> 1) for token in tokens if token >= 2 * FIRST_WORD}
    return found


def test_families_are_apart(root: Path, folder: Path) -> None:
    assert update(folder, root, lambda: listed(root))
    assert set(read_manifest(folder)) == {"py", "js"}
    assert "delta" in following(folder, "const gamma = ", "js")
    assert "delta" not in following(folder, "alpha_3 = ")


def test_nothing_is_done_when_nothing_has_changed(root: Path, folder: Path) -> None:
    update(folder, root, lambda: listed(root))
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert not update(folder, root, lambda: listed(root))
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_changed_file_is_indexed_alone(root: Path, folder: Path) -> None:
    update(folder, root, lambda: listed(root))
    (large,) = read_manifest(folder)["py"]
    (root / "m3.py").write_text("alpha_3 = other_3\n")
    indexed: list[tuple[int, int]] = []
    assert update(folder, root, lambda: listed(root), lambda *told: indexed.append(told))
    first, second = read_manifest(folder)["py"]
    assert first["file"] == large["file"]
    assert len(first["hidden"]) == 1
    assert second["hidden"] == []
    assert indexed[-1] == (18, 18)
    assert "other_3" in following(folder, "alpha_3 = ")
    assert "beta_3" not in following(folder, "alpha_3 = ")


@pytest.mark.parametrize("what", ["time", "size"])
def test_a_change_of_either_time_or_size_is_one(root: Path, folder: Path, what: str) -> None:
    changed = root / "m3.py"
    before = changed.stat().st_mtime_ns
    update(folder, root, lambda: listed(root))
    text = changed.read_text().replace("beta", "zeta" if what == "time" else "omega")
    changed.write_text(text)
    time_ns = before + (1_000_000_000 if what == "time" else 0)
    os.utime(changed, ns=(time_ns, time_ns))
    update(folder, root, lambda: listed(root))
    assert text.split()[2] in following(folder, "alpha_3 = ")
    assert "beta_3" not in following(folder, "alpha_3 = ")


def test_what_vanishes_while_it_is_indexed_is_left_out(root: Path, folder: Path) -> None:
    wanted = listed(root)
    (root / "m3.py").unlink()
    (root / "m4.py").unlink()
    (root / "m4.py").mkdir()
    assert update(folder, root, lambda: wanted)
    assert "beta_5" in following(folder, "alpha_5 = ")
    assert "beta_3" not in following(folder, "alpha_3 = ")
    assert update(folder, root, lambda: families(each for each in wanted["py"][:2]))


def test_nothing_is_learned_from_data(root: Path, folder: Path) -> None:
    (root / "blob.py").write_text(f"blob = {'a' * 6_000}\nalpha_blob = beta_blob\n")
    (root / "binary.py").write_bytes(b"alpha_binary = beta_binary\n\0")
    update(folder, root, lambda: listed(root))
    assert {len(word) for word in following(folder, "blob = ")} <= set(range(20))
    assert "beta_blob" in following(folder, "alpha_blob = ")
    assert "beta_binary" not in following(folder, "alpha_binary = ")


def test_a_changed_file_that_changes_again_replaces_what_was_indexed_of_it(
    root: Path, folder: Path
) -> None:
    update(folder, root, lambda: listed(root))
    for text in ("first", "second_time"):
        (root / "m3.py").write_text(f"alpha_3 = {text}\n")
        update(folder, root, lambda: listed(root))
    assert len(read_manifest(folder)["py"]) == 2
    assert "second_time" in following(folder, "alpha_3 = ")
    assert not {"first", "beta_3"} & following(folder, "alpha_3 = ")
    assert len([*folder.glob("py-*.index")]) == 2


def test_a_deleted_file_is_not_suggested_from(root: Path, folder: Path) -> None:
    update(folder, root, lambda: listed(root))
    assert "beta_3" in following(folder, "alpha_3 = ")
    (root / "m3.py").unlink()
    assert update(folder, root, lambda: listed(root))
    assert "beta_3" not in following(folder, "alpha_3 = ")


def test_much_change_makes_the_index_anew(root: Path, folder: Path) -> None:
    update(folder, root, lambda: listed(root))
    for number in range(10):
        (root / f"m{number}.py").write_text("new = text\n")
    update(folder, root, lambda: listed(root))
    (part,) = read_manifest(folder)["py"]
    assert part["hidden"] == []


@pytest.mark.parametrize("damaged", ["manifest", "index", "gone"])
def test_what_is_damaged_is_made_anew_with_a_line_in_the_log(
    root: Path, folder: Path, damaged: str, caplog: pytest.LogCaptureFixture
) -> None:
    update(folder, root, lambda: listed(root))
    (part,) = read_manifest(folder)["py"]
    if damaged == "manifest":
        (folder / MANIFEST).write_text("{")
    elif damaged == "index":
        (folder / part["file"]).write_bytes(b"SQLite format 3\0")
    else:
        (folder / part["file"]).unlink()
    caplog.clear()
    update(folder, root, lambda: listed(root))
    assert caplog.text.count("made anew") == 1
    assert "beta_3" in following(folder, "alpha_3 = ")


def test_the_most_recently_changed_files_are_taken_up_to_the_limit() -> None:
    files = [Listed(f"{age}.py", 1_000 - age, 10) for age in range(5)]
    assert [each.path for each in most_recent(files, 25)] == ["0.py", "1.py"]
    large = [Listed("large.py", 2_000, 90), *files]
    assert "large.py" not in [each.path for each in most_recent(large, 25)]


def test_no_more_files_are_asked_about_than_are_taken() -> None:
    files = [Listed(f"{age}.py", 1_000 - age, 10) for age in range(50)]
    asked: list[str] = []

    def is_wanted(each: Listed) -> bool:
        asked.append(each.path)
        return each.path != "1.py"

    assert [each.path for each in most_recent(files, 25, is_wanted)] == ["0.py", "2.py"]
    assert asked == ["0.py", "1.py", "2.py"]


def test_packages_are_those_that_the_code_imports(tmp_path: Path) -> None:
    installed = tmp_path / ".venv" / "lib" / "python3.12" / "site-packages"
    for name in ("wanted", "unused"):
        (installed / name / "tests").mkdir(parents=True)
        (installed / name / "__init__.py").write_text("x = 1\n")
        (installed / name / "tests" / "test_it.py").write_text("x = 1\n")
    (tmp_path / "app.py").write_text("from wanted.sub import x\n")
    found = imported_sources(tmp_path, [Listed("app.py", 0, 1)])
    assert [Path(each.path) for each in found] == [installed / "wanted" / "__init__.py"]
