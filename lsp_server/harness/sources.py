"""What a synthesised workload is typed from: source files, or what commits have added."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from ghostlap.lsp_server.commands import Failure
from ghostlap.lsp_server.demo.material import LANGUAGES, source_files
from ghostlap.telemetry.workload import Gaps, Manuscript, take_out, take_out_lines

__all__ = ["manuscripts"]

_GIT_S = 30
_LEAST_LINES = 3  # a smaller change is a correction, not typing


def manuscripts(
    paths: Sequence[Path],
    *,
    keys: int,
    files: int,
    history: int = 0,
    gaps: Gaps | None = None,
    seed: int = 0,
) -> list[Manuscript]:
    """Return what is typed in at most so many files. Raises Failure when there is nothing."""
    if history:
        found = (each for path in paths for each in _added(path, history, gaps, seed))
        chosen = list(islice(found, files))
        if not chosen:
            raise Failure(f"the last {history} commits added nothing that can be typed")
        return chosen
    chosen = list(islice(_stretches(paths, keys, gaps, seed), files))
    if not chosen:
        raise Failure(f"no file there has {keys} keys behind its middle; ask for fewer --keys")
    return chosen


def _stretches(
    paths: Sequence[Path], keys: int, gaps: Gaps | None, seed: int
) -> Iterator[Manuscript]:
    for path in _files(paths):
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise Failure(f"{path}: {error.strerror}") from error
        found = take_out(path.name, _language(path), text, keys, gaps=gaps, seed=seed)
        if found is not None:
            yield found


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files that were named, and the larger ones of the folders, the largest first."""
    for path in paths:
        if path.is_dir():
            for _, file in sorted(source_files(path), reverse=True):
                yield file
        else:
            yield path


def _added(folder: Path, commits: int, gaps: Gaps | None, seed: int) -> Iterator[Manuscript]:
    """Yield the largest run of added lines of each source file of each commit, newest first."""
    log = _git(folder, "log", f"-{commits}", "--no-merges", "--format=%H")
    for commit in log.split():
        names = _git(folder, "show", "--name-only", "--diff-filter=AM", "--format=", "-z", commit)
        for name in filter(None, names.split("\0")):
            if Path(name).suffix.lower() not in LANGUAGES:
                continue
            found = _largest_run(folder, commit, name)
            if found is not None:
                lines, start, stop = found
                yield take_out_lines(
                    Path(name).name, _language(Path(name)), lines, start, stop, gaps=gaps, seed=seed
                )


def _largest_run(folder: Path, commit: str, name: str) -> tuple[list[str], int, int] | None:
    lines = _git(folder, "show", f"{commit}:{name}").split("\n")
    best, start, stop = _LEAST_LINES - 1, 0, 0
    for line in _git(folder, "show", "--unified=0", "--format=", commit, "--", name).split("\n"):
        if not line.startswith("@@ "):
            continue
        first, _, count = line.split("+", 1)[1].split(" ", 1)[0].partition(",")
        size = int(count or 1)
        if size > best:
            best, start, stop = size, int(first) - 1, int(first) - 1 + size
    while start < stop and not lines[start].strip():
        start += 1
    while start < stop and not lines[stop - 1].strip():
        stop -= 1
    return (lines, start, stop) if stop - start >= _LEAST_LINES else None


def _git(folder: Path, *arguments: str) -> str:
    where = folder if folder.is_dir() else folder.parent
    command = ["git", "-c", "core.quotepath=false", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - git, with arguments that are not the user's
            command, cwd=where, capture_output=True, check=True, timeout=_GIT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", b"") or b""
        why = said.decode("utf-8", "replace").strip().partition("\n")[0]
        raise Failure(f"{folder}: git can't read its history: {why or error}") from error
    return done.stdout.decode("utf-8", "replace")


def _language(path: Path) -> str:
    return LANGUAGES.get(path.suffix.lower(), "plaintext")
