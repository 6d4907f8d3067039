"""What the embedded engine's benchmark types: packages of fixed versions, fetched once.

They lie in `.cache/bench` of the checkout. None of them was used to fit the engine.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from tests.bench._driver import BenchError

__all__ = [
    "PACKAGES",
    "RELEASES",
    "Passage",
    "added",
    "blocks",
    "copy",
    "fetch",
    "hunks",
    "is_code",
    "large_workspace",
    "sources",
    "standard_library",
]

REPOSITORY = Path(__file__).parents[2]
FETCHED = REPOSITORY / ".cache" / "bench"
PYTHON_PACKAGES = ("django==5.2.8", "sqlalchemy==2.0.44", "scrapy==2.13.3")
NPM_PACKAGES = ("three@0.170.0", "rxjs@7.8.1")
PACKAGES = (*PYTHON_PACKAGES, *NPM_PACKAGES)
RELEASES = (("trio==0.22.0", "trio==0.29.0"), ("httpx==0.23.0", "httpx==0.28.0"),
            ("celery==5.3.0", "celery==5.5.0"))  # fmt: skip
"""A history without a repository: a later release is typed into an earlier one."""
_LINES = 8
"""Lines of a passage: what is typed there has not been in the file before."""
_SMALLEST_CHARS = 2_500
_LARGEST_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines `start` to `stop` of a file, which are typed anew; the file's others are there."""

    path: Path
    lines: Sequence[str]
    start: int
    stop: int
    below: Sequence[str]
    """What follows the passage while it is typed."""


def fetch(package: str) -> Path:
    """Return the folder of a package's sources, which is fetched if need be. Raises BenchError."""
    target = FETCHED / package.replace("==", "-").replace("@", "-")
    if not target.exists():
        half_done = target.with_name(target.name + ".part")
        shutil.rmtree(half_done, ignore_errors=True)
        half_done.mkdir(parents=True)
        if "==" in package:
            _fetch_wheel(package, half_done)
        else:
            _fetch_npm(package, half_done)
        half_done.replace(target)
    own = target / "package" / "src"
    return own if own.is_dir() else target


def copy(package: Path, target: Path) -> None:
    """Copy a package's sources to where no rule of the checkout ignores them."""
    for path in sources(package):
        there = target / path.relative_to(package)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, there)


def _fetch_wheel(package: str, target: Path) -> None:
    options = ["--no-deps", "--only-binary=:all:", "--platform=any", "--abi=none"]
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "download", *options, "--implementation=py", f"--dest={target}", package])
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    wheel.unlink()


def _fetch_npm(package: str, target: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise BenchError(f"{package} can't be fetched without npm")
    _run([npm, "pack", "--silent", f"--pack-destination={target}", package])
    (packed,) = target.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(target, filter="data")
    packed.unlink()


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise BenchError(f"{command[-1]} could not be fetched: {last}")


def is_code(line: str) -> bool:
    start = line.lstrip()
    return len(start) > 3 and not start.startswith(("#", '"', "'", "//", "*", "/*"))


def sources(root: Path) -> list[Path]:
    return [
        path
        for path in sorted(root.rglob("*"))
        if path.suffix in (".py", ".js", ".ts")
        and "_vendor" not in path.parts
        and ".min." not in path.name
        and path.stat().st_size <= _LARGEST_BYTES
    ]


def blocks(root: Path, count: int, seed: int) -> Iterator[Passage]:
    """Yield passages of a few lines, from files chosen at random."""
    rng = random.Random(seed)
    paths = [path for path in sources(root) if path.stat().st_size > _SMALLEST_CHARS]
    found = 0
    while found < count:
        path = rng.choice(paths)
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        start = rng.randrange(5, max(6, len(lines) - _LINES - 1))
        stop = min(len(lines) - 1, start + _LINES)
        if sum(map(is_code, lines[start:stop])) >= _LINES // 2:
            found += 1
            yield Passage(path, lines, start, stop, lines[stop:])


def hunks(old: Path, count: int, seed: int, commits: int) -> Iterator[Passage]:
    """Put the checkout as it was `commits` ago into `old`, and yield what was added since."""
    if _git("rev-parse", "--is-shallow-repository") != "false":
        return
    known = int(_git("rev-list", "--count", "--first-parent", "HEAD") or 0)
    if known < 2:
        return
    before = _git("rev-parse", f"HEAD~{min(commits, known - 1)}")
    archive = old.with_suffix(".tar")
    _git("archive", f"--output={archive}", before)
    with tarfile.open(archive) as packed:
        packed.extractall(old, filter="data")
    archive.unlink()
    found = [*_added(before)]
    random.Random(seed).shuffle(found)
    for name, start, stop, after in found[:count]:
        new = _git("show", f"HEAD:{name}").split("\n")
        path = old / name
        was = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
        yield Passage(path, new, start, min(stop, start + 3 * _LINES), was[after:])


def _added(before: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield where lines were added: file, start and stop there, and where the old file goes on."""
    name = ""
    for line in _git("diff", "-U0", "--no-renames", before, "HEAD", "--", "*.py").split("\n"):
        if line.startswith("+++ b/"):
            name = line[6:]
        elif line.startswith("@@ ") and name:
            old, new = line.split(" ")[1:3]
            old_start, _, old_count = old[1:].partition(",")
            new_start, _, new_count = new[1:].partition(",")
            added, removed = int(new_count or 1), int(old_count or 1)
            if added >= 2:
                start = int(new_start) - 1
                after = int(old_start) - 1 + removed if removed else int(old_start)
                yield name, start, start + added, after


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(REPOSITORY), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip("\n") if done.returncode == 0 else ""


def added(old: Path, new: Path, count: int, seed: int) -> Iterator[Passage]:
    """Yield what a release added to the files of an earlier one, `old`."""
    found = []
    for path in sources(old):
        later = new / path.relative_to(old)
        if later.exists():
            was, lines = (_lines(each) for each in (path, later))
            for tag, _, after, start, stop in SequenceMatcher(
                None, was, lines, autojunk=False
            ).get_opcodes():
                code = sum(map(is_code, lines[start:stop]))
                if tag in ("insert", "replace") and code >= 2:
                    last = min(stop, start + 3 * _LINES)
                    found.append(Passage(path, lines, start, last, was[after:]))
    random.Random(seed).shuffle(found)
    yield from found[:count]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").split("\n")


def standard_library(target: Path) -> None:
    """Copy the standard library, without tests, so that it can be a workspace."""
    root = Path(sysconfig.get_path("stdlib"))
    unwanted = shutil.ignore_patterns(
        "test", "tests", "site-packages", "idlelib", "lib2to3", "encodings", "pydoc_data",
        "__pycache__", "*.so", "config-*", "lib-dynload",
    )  # fmt: skip
    shutil.copytree(root, target, ignore=unwanted)


def large_workspace(target: Path, size_bytes: int) -> int:
    """Copy source files up to a size; return the size that it came to."""
    root = Path(sysconfig.get_path("stdlib"))
    total = 0
    for number, path in enumerate([*_pages(root), *_pages(FETCHED)]):
        size = path.stat().st_size
        if total + size <= size_bytes:
            total += size
            target.mkdir(exist_ok=True)
            shutil.copyfile(path, target / f"m{number}_{path.name}")
    return total


def _pages(root: Path) -> list[Path]:
    return [path for path in sources(root) if path.suffix == ".py"]
