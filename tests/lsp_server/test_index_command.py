"""`ghostlap index`, and the server's own use of it: real processes, real files."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ghostlap.lsp_server.progress import WorkProgress
from ghostlap.providers import CompletionRequest
from ghostlap.providers.local import EmbeddedEngine, EmbeddedSettings
from ghostlap.providers.local.index_file import map_index
from ghostlap.providers.local.workspace_build import read_manifest, workspace_folder

INDEX = [sys.executable, "-I", "-m", "ghostlap.lsp_server", "index"]
CODE = """
def area(width, height):
    return width * height


def border(width, height):
    return 2 * (width + height)
""".lstrip("\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "build").mkdir(parents=True)
    (root / "shapes.py").write_text(CODE * 3)
    (root / "build" / "made.py").write_text("generated = text\n" * 20)
    (root / ".gitignore").write_text("build/\n")
    (root / "id_rsa.py").write_text("key = secret\n")
    return root


def index(root: Path, cache: Path, *options: str) -> str:
    command = [*INDEX, str(root), f"--cache-dir={cache}", *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout


def test_it_indexes_what_no_rule_keeps_back_and_says_how_much(root: Path, tmp_path: Path) -> None:
    said = index(root, tmp_path / "cache")
    assert "Indexed" in said
    assert [line.split()[:2] for line in said.splitlines()[3:]] == [["py", "1"]]
    assert "Nothing has changed" in index(root, tmp_path / "cache")


def test_what_the_settings_exclude_is_not_indexed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("drafts", "sketches"):
        (root / name).mkdir()
        (root / name / "new.py").write_text("x = 1\n")
    assert py_files(index(root, tmp_path / "cache")) == 3
    (tmp_path / "config.toml").write_text('context.exclude = ["drafts/"]\n')
    monkeypatch.setenv("GHOSTLAP_CONFIG", str(tmp_path / "config.toml"))
    assert py_files(index(root, tmp_path / "cache")) == 2
    assert py_files(index(root, tmp_path / "cache", "--exclude=sketches/**")) == 1


def py_files(said: str) -> int:
    (line,) = [line for line in said.splitlines() if line.startswith("py ")]
    return int(line.split()[1])


def test_a_rule_that_comes_later_takes_out_what_was_indexed(root: Path, tmp_path: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "more.py").write_text("x = 1\n")
    (root / "sub" / "kept.py").write_text("y = 1\n")
    cache = tmp_path / "cache"
    assert py_files(index(root, cache)) == 3
    (root / "sub" / ".gitignore").write_text("more.py\n")
    index(root, cache)
    assert shown_files(cache, root) == {"shapes.py", "sub/kept.py"}
    (root / ".ghostlapignore").write_text("sub/\n")
    index(root, cache)
    assert shown_files(cache, root) == {"shapes.py"}


def shown_files(cache: Path, root: Path) -> set[str]:
    """Return the files that are suggested from."""
    folder = workspace_folder(cache, root)
    found = set()
    for part in read_manifest(folder)["py"]:
        files = [each[0] for each in map_index(folder / part["file"])[2]["files"]]
        found |= {name for number, name in enumerate(files) if number not in part["hidden"]}
    return found


def test_the_limit_is_a_setting(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        (root / f"large{number}.py").write_text("x = 1\n" * 80_000)
    (tmp_path / "config.toml").write_text("embedded.workspace_mb = 1\n")
    monkeypatch.setenv("GHOSTLAP_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("GHOSTLAP_CACHE_DIR", str(tmp_path / "ours"))
    done = subprocess.run(
        [*INDEX, str(root)], check=True, capture_output=True, text=True, timeout=60
    )
    assert py_files(done.stdout) == 3
    assert [*(tmp_path / "ours" / "workspaces").iterdir()]


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_links_are_not_followed_and_their_targets_are_indexed_once(
    root: Path, tmp_path: Path
) -> None:
    (root / "again.py").symlink_to(root / "shapes.py")
    (root / "loop").symlink_to(root, target_is_directory=True)
    assert py_files(index(root, tmp_path / "cache")) == 1


def test_stats_index_nothing(root: Path, tmp_path: Path) -> None:
    assert "is not indexed" in index(root, tmp_path / "cache", "--stats")
    assert not (tmp_path / "cache").exists()


def test_two_at_once_index_once(root: Path, tmp_path: Path) -> None:
    command = [*INDEX, str(root), f"--cache-dir={tmp_path / 'cache'}"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [each.communicate(timeout=60)[0] for each in both]
    assert sorted("Nothing has changed" in each for each in said) == [False, True]


def refused(*arguments: str) -> str:
    command = [*INDEX, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_folder_that_is_not_there_is_named(root: Path, tmp_path: Path) -> None:
    assert "none is not a folder" in refused(str(tmp_path / "none"))
    assert "none is not a folder" in refused(str(tmp_path / "none"), "--stats")
    assert "shapes.py is not a folder" in refused(str(root / "shapes.py"))


def test_a_limit_of_nothing_is_refused(root: Path) -> None:
    assert "--most-mb" in refused(str(root), "--most-mb=0")


@pytest.mark.parametrize("name", ["", "picture.png"])
def test_a_folder_without_source_is_said_to_be_so(tmp_path: Path, name: str) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    if name:
        (empty / name).write_bytes(b"PNG")
    assert "holds no source" in index(empty, tmp_path / "cache")
    assert "is not indexed" in index(empty, tmp_path / "cache", "--stats")


def test_a_cache_that_cannot_be_written_names_the_setting(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "embedded.cache_dir" in refused(str(root), f"--cache-dir={tmp_path / 'file'}")


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of a process")
def test_a_full_disk_leaves_the_index_as_it_was(root: Path, tmp_path: Path) -> None:
    import resource  # noqa: PLC0415 - there is none on Windows

    cache = tmp_path / "cache"
    index(root, cache)
    before = index(root, cache, "--stats")
    (root / "more.py").write_text("x = 1\n" * 20_000)
    done = subprocess.run(
        [*INDEX, str(root), f"--cache-dir={cache}", "--porcelain"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert done.returncode == 1
    assert "can't be written" in json.loads(done.stdout.splitlines()[-1])["problem"]
    assert index(root, cache, "--stats") == before
    assert not [*cache.rglob("*.index.*")]
    assert "Indexed" in index(root, cache)


def test_of_more_than_the_limit_the_most_recently_changed_is_indexed(
    root: Path, tmp_path: Path
) -> None:
    for age in range(4):
        path = root / f"large{age}.py"
        path.write_text("x = 1\n" * 60_000)
        os.utime(path, (2_000_000_000 - age, 2_000_000_000 - age))
    assert py_files(index(root, tmp_path / "cache", "--most-mb=1")) == 3
    assert py_files(index(root, tmp_path / "cache")) == 5


def test_the_packages_and_the_limit_are_options(root: Path, tmp_path: Path) -> None:
    said = index(root, tmp_path / "cache", "--porcelain", "--no-packages", "--most-mb=1")
    last = json.loads(said.splitlines()[-1])
    assert last["done"] == last["total"] == (root / "shapes.py").stat().st_size


async def test_the_engine_learns_from_the_folder_and_forgets_what_is_deleted(
    root: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    settings = EmbeddedSettings(standard_library=False, eagerness="eager")
    engine = EmbeddedEngine(settings, cache)
    told: list[tuple[int, int]] = []
    indexer = [*INDEX, "--porcelain", f"--cache-dir={cache}"]
    engine.folders.use([root], indexer, lambda *how_far: told.append(how_far))
    await engine.warm()
    async with asyncio.timeout(60):
        await engine.folders.settled()
    assert told[-2][0] == told[-2][1] == (root / "shapes.py").stat().st_size
    prefix = "def area(width, height):\n    return width"
    asked = CompletionRequest(prefix=prefix, language="python", uri=(root / "new.py").as_uri())
    assert [each.text for each in engine.suggest(asked)] == [" * height"]
    (root / "shapes.py").unlink()
    await engine.folders.forget_missing()
    assert engine.suggest(asked) == []
    await engine.aclose()


async def test_an_open_file_is_not_suggested_from_its_older_self(
    root: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    index(root, cache)
    engine = EmbeddedEngine(EmbeddedSettings(standard_library=False, eagerness="eager"), cache)
    engine.folders.use([root], [*INDEX, "--porcelain", f"--cache-dir={cache}"])
    prefix = "def area(width, height):\n    return width"
    asked = CompletionRequest(prefix=prefix, language="python", uri="file:///elsewhere/new.py")
    assert engine.suggest(asked)
    engine.document_opened((root / "shapes.py").as_uri(), "python", ["x = 1"])
    assert engine.suggest(asked) == []
    engine.document_closed((root / "shapes.py").as_uri())
    assert engine.suggest(asked)
    await engine.aclose()


def test_progress_is_shown_to_a_client_that_draws_it() -> None:
    sent: list[dict[str, Any]] = []
    draws = {"capabilities": {"window": {"workDoneProgress": True}}}
    shown = WorkProgress(sent.append, draws, "Indexing")
    for done in (100_000, 250_000, 1_000_000):
        shown(done, 1_000_000)
    shown(1, 1)
    assert [each["method"] for each in sent] == [
        "window/workDoneProgress/create",
        *["$/progress"] * 4,
    ]
    values = [each["params"]["value"] for each in sent[1:]]
    assert [each["kind"] for each in values] == ["begin", "report", "report", "end"]
    assert values[2]["percentage"] == 25
    assert len({each["params"]["token"] for each in sent}) == 1


def test_progress_is_kept_from_a_client_that_does_not() -> None:
    sent: list[dict[str, Any]] = []
    WorkProgress(sent.append, {"capabilities": {}}, "Indexing")(1, 2)
    assert sent == []
