"""The C driver and relay, compiled on the spot, and a session: one server under the driver."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

__all__ = ["BENCH", "ROOT", "BenchError", "Block", "Session", "build", "open_session", "placeable"]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BENCH = ROOT / ".cache" / "bench"
"""Where everything that a benchmark builds or writes goes."""

SOURCES = {"driver": ("driver.c", "editor.c", "provider.c"), "relay": ("relay.c",)}


class BenchError(Exception):
    """A benchmark could not run. `str()` is what to tell the user."""


@dataclass(frozen=True, slots=True)
class Block:
    """What one command of the driver measured."""

    samples: tuple[Mapping[str, float], ...]
    accepted: int
    """Connections that the provider accepted meanwhile."""

    def column(self, *names: str) -> list[float]:
        """The sum of the named durations, in ms, sample by sample."""
        return [sum(sample[name] for name in names) / 1000 for sample in self.samples]


def build(program: str) -> Path:
    """The compiled program, made anew when a source is newer."""
    sources = [HERE / name for name in SOURCES[program]]
    target = BENCH / program
    newest = max(path.stat().st_mtime for path in (*sources, *HERE.glob("*.h")))
    if target.exists() and target.stat().st_mtime > newest:
        return target
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if os.name != "posix" or compiler is None:
        raise BenchError(
            "the driver needs a POSIX system and a C compiler (cc, gcc or clang) on the PATH"
        )
    BENCH.mkdir(parents=True, exist_ok=True)
    command = [compiler, "-O2", "-Wall", "-Wextra", "-o", str(target), *map(str, sources)]
    compiled = subprocess.run(command, capture_output=True, text=True, check=False)
    if compiled.returncode:
        raise BenchError(f"{program} does not compile:\n{compiled.stderr}")
    return target


class Session:
    """A server between our editor and our provider, driven by lines of text (see driver.c)."""

    def __init__(self, name: str, process: subprocess.Popen[str], errors: IO[str]) -> None:
        self.name = name
        self._process = process
        self._errors = errors
        self.port = int(self._reply()["port"])
        self.server_pid = 0

    def __call__(self, command: str) -> Block:
        """Run one command of the driver to its end.

        Raises BenchError with what driver and server said when it fails.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(command + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failure() from None
        samples = []
        while "done" not in (reply := self._reply()):
            samples.append(reply)
        if command == "start":
            self.server_pid = int(samples[0]["pid"])
        if reply["status"]:
            raise BenchError(f"{self.name} ended with status {reply['status']}")
        return Block(tuple(samples), reply["accepted"])

    def place(self, *, apart: bool) -> None:
        """Have the server run on the driver's CPU, or on any but that one.

        Left alone, the scheduler has them share a CPU for some seconds, then not, and a hop between
        two CPUs costs four times as much: what is compared has to be placed alike. Does nothing
        where the system has no say in it (all but Linux) or has one CPU.
        """
        if not placeable():
            return
        first, *others = sorted(os.sched_getaffinity(0))
        _pin(self._process.pid, {first})
        _pin(self.server_pid, set(others) if apart else {first})

    def _reply(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._failure()
        return dict(json.loads(line))

    def _failure(self) -> BenchError:
        self._process.wait()
        self._errors.seek(0)
        return BenchError(f"{self.name}: {self._errors.read()[-3000:].strip()}")


def placeable() -> bool:
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


def _pin(pid: int, cpus: set[int]) -> None:
    """All threads of a process, since each has an affinity of its own."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):  # it has just ended
            os.sched_setaffinity(int(thread.name), cpus)


@contextmanager
def open_session(
    name: str, command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[Session]:
    """A driver that listens as the provider; its `start` runs `command`, told by $BENCH_PORT."""
    BENCH.mkdir(parents=True, exist_ok=True)
    errors_at = BENCH / f"{name}.stderr"
    with (
        errors_at.open("w+") as errors,
        subprocess.Popen(
            [build("driver"), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **environment},
        ) as process,
    ):
        try:
            yield Session(name, process, errors)
        finally:
            process.kill()  # its server sees the end of its stdin
