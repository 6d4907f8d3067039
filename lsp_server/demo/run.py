"""The demo from its beginning to its end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import TypeVar

from rich.console import Console

from ghostlap.lsp_server import config
from ghostlap.lsp_server.client import LspClient, LspError, ServerGone
from ghostlap.lsp_server.commands import Failure
from ghostlap.lsp_server.demo.findings import Findings
from ghostlap.lsp_server.demo.index import wait_for_index
from ghostlap.lsp_server.demo.material import Passage, choose_file, choose_passage, read_material
from ghostlap.lsp_server.demo.pace import Pace
from ghostlap.lsp_server.demo.report import report
from ghostlap.lsp_server.demo.screen import LineScreen, LiveScreen, Screen
from ghostlap.lsp_server.demo.typist import Typist
from ghostlap.lsp_server.launch import server_command

__all__ = ["perform", "run"]

_Result = TypeVar("_Result")

_MIN_COLUMNS, _MIN_LINES = 60, 14  # less shows no code worth looking at
_SEED = 1  # one file is typed at the same pace each time
_INITIALIZE_S = 10.0
_SHUTDOWN_S = 3.0
_LINES_PER_S = 1.5  # more than is typed, even with much help
# All but the typing may take this long together; an index that takes longer, at the very first
# start, leaves less time for the typing, but not less than a quarter of it.
_SET_UP_S = 6.0
_TYPING_SHARE = 0.25


def run(*, seconds: float, file: Path | None, plain: bool) -> int:
    """Run the demo for about so many seconds, and return the exit code. Raises Failure."""
    settings, problems = config.load()
    console = Console()
    for problem in problems:
        console.print(str(problem), style="yellow", markup=False, highlight=False)
    passage = _passage(file, seconds)
    screen = _screen_for(console, plain=plain)(console, passage, _title(passage))
    findings = asyncio.run(perform(settings, passage, screen, server_command(), seconds))
    return report(console, settings, findings)


async def perform(
    settings: config.Config,
    passage: Passage,
    screen: Screen,
    command: Sequence[str],
    seconds: float,
) -> Findings:
    """Type for so many seconds or until Ctrl-C. Raises Failure when the server does not work."""
    findings, end = Findings(passage), _End(_SET_UP_S + seconds)
    with _interrupts(end.come), screen:
        index_s = _SET_UP_S + seconds * (1 - _TYPING_SHARE)
        findings.index = await end.before(wait_for_index(settings, passage, screen, index_s))
        if not end.came_early:
            screen.wait("starting the server")
            async with _server(command, findings) as client:
                await _type(client, screen, findings, end, seconds)
    findings.interrupted = end.came_early
    return findings


@asynccontextmanager
async def _server(command: Sequence[str], findings: Findings) -> AsyncIterator[LspClient]:
    async with AsyncExitStack() as stack:
        spawn = LspClient.spawn(command, on_notification=findings.note)
        try:
            client = await stack.enter_async_context(spawn)
        except OSError as error:
            raise Failure(f"the server can't be started: {error}") from error
        yield client


async def _type(
    client: LspClient, screen: Screen, findings: Findings, end: _End, seconds: float
) -> None:
    path = findings.passage.material.path.resolve()
    try:
        async with asyncio.timeout(_INITIALIZE_S):
            await client.initialize(root=_root_of(path))
        typist = Typist(
            client,
            path.as_uri(),
            findings.passage,
            Pace(_SEED),
            lambda: screen.show(typist, end.seconds_left),
        )
        findings.figures = typist.figures
        end.come_within(seconds)
        typist.open()
        await end.before(typist.type_on())
        await client.shutdown(timeout_s=_SHUTDOWN_S)
    except (LspError, ServerGone, TimeoutError) as error:
        raise Failure(_reason(client, error)) from error


def _reason(client: LspClient, error: Exception) -> str:
    """Return what happened to the server, with the last that it said."""
    what = "took too long to answer" if isinstance(error, TimeoutError) else "failed"
    lines = client.stderr.strip().splitlines()
    return f"the server {what}; the last that it said: {lines[-1] if lines else 'nothing'}"


class _End:
    """When the typing ends: after a time, or earlier when somebody says so."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._at = self._loop.time() + seconds
        self._limit: asyncio.Timeout | None = None
        self.came_early = False

    @property
    def seconds_left(self) -> float:
        return self._at - self._loop.time()

    def come_within(self, seconds: float) -> None:
        self._at = min(self._at, self._loop.time() + seconds)

    def come(self) -> None:
        self.came_early = True
        self._at = self._loop.time()
        if self._limit is not None:
            self._limit.reschedule(self._at)

    async def before(self, work: Awaitable[_Result]) -> _Result | None:
        """Wait for `work` until the end comes; None when that cut it short."""
        try:
            async with asyncio.timeout_at(self._at) as self._limit:
                return await work
        except TimeoutError:
            return None
        finally:
            self._limit = None


@contextmanager
def _interrupts(first: Callable[[], None]) -> Iterator[None]:
    """Call `first` at the first Ctrl-C; a second one ends the program as ever."""
    loop = asyncio.get_running_loop()

    def note(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        loop.call_soon_threadsafe(first)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _passage(file: Path | None, seconds: float) -> Passage:
    """Return what is to be typed.

    Where the current folder has nothing, a package that comes with us serves: the standard library
    would not, since the embedded engine's index holds all of it.
    """
    try:
        if file is not None:
            material = read_material(file)
        else:
            import rich.console  # noqa: PLC0415 - for the place of its source

            material = choose_file(Path.cwd()) or read_material(Path(rich.console.__file__))
    except OSError as error:
        raise Failure(f"{file or 'the current folder'}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Failure(f"{file} is no UTF-8 text") from error
    passage = choose_passage(material, round(seconds * _LINES_PER_S))
    if passage is None:
        raise Failure(f"{material.path} holds too little code to type; name another with --file")
    return passage


def _root_of(path: Path) -> Path:
    folder = Path.cwd()
    return folder if folder in path.parents else path.parent


def _screen_for(console: Console, *, plain: bool) -> type[LiveScreen | LineScreen]:
    draws = console.is_terminal and not console.is_dumb_terminal and not plain
    fits = console.width >= _MIN_COLUMNS and console.height >= _MIN_LINES
    return LiveScreen if draws and fits else LineScreen


def _title(passage: Passage) -> str:
    path = passage.material.path.resolve()
    below = Path.cwd() if Path.cwd() in path.parents else path.parent.parent
    name = path.relative_to(below).as_posix()
    return f"ghostlap demo: lines {passage.start + 1} to {passage.stop} of {name}, typed anew"
