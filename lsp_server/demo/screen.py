"""What the demo shows while it runs: a window of code in a terminal, or lines of text."""

from __future__ import annotations

from statistics import median
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from ghostlap.lsp_server.demo.code_view import CodeView, printable
from ghostlap.lsp_server.demo.material import Passage
from ghostlap.lsp_server.demo.typist import Typist

__all__ = ["LineScreen", "LiveScreen", "Screen"]

_MAX_WIDTH = 108
_MIN_ROWS, _MAX_ROWS = 5, 20
_OTHER_ROWS = 8  # the frame, the figures, and a line for the shell
_BARS = "▁▂▃▄▅▆▇█"
_BARS_SHOWN = 24


class Screen(Protocol):
    def wait(self, doing: str) -> None:
        """Say what is waited for; to be called again and again meanwhile."""
        ...

    def show(self, typist: Typist, seconds_left: float) -> None:
        """Show where the typing is."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class LiveScreen:
    """A window of code in which ghost text appears. Drawn when told to, never by a timer."""

    def __init__(self, console: Console, passage: Passage, title: str) -> None:
        rows = min(max(console.height - _OTHER_ROWS, _MIN_ROWS), _MAX_ROWS)
        self._width = min(console.width, _MAX_WIDTH)
        self._view = CodeView(passage, rows=rows, width=self._width - 4)
        self._title = title
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def wait(self, doing: str) -> None:
        self._spinner.update(text=Text(doing, style="dim"))
        self._live.update(Group(self._frame(self._view.still()), self._spinner), refresh=True)

    def show(self, typist: Typist, seconds_left: float) -> None:
        code = self._view.typing(typist.typed, typist.figures.accepted, typist.ghost)
        self._live.update(Group(self._frame(code), _figures(typist, seconds_left)), refresh=True)

    def _frame(self, code: Text) -> Panel:
        return Panel(
            code,
            title=Text(self._title, style="not dim bold"),
            title_align="left",
            border_style="dim",
            width=self._width,
        )


class LineScreen:
    """Each line of code when it is complete, without a control code."""

    def __init__(self, console: Console, passage: Passage, title: str) -> None:
        self._console = console
        self._first = passage.start + 1
        self._title = title
        self._waited_for = ""
        self._lines = [""]
        self._shown = 0

    def __enter__(self) -> Self:
        self._say(self._title)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._lines[-1]:
            self._say_code(len(self._lines) - 1)

    def wait(self, doing: str) -> None:
        if doing != self._waited_for:
            self._waited_for = doing
            self._say(f"{doing} …")

    def show(self, typist: Typist, seconds_left: float) -> None:  # noqa: ARG002 - as LiveScreen's
        """Print the lines that have become complete, with brackets around what was accepted."""
        self._lines = bracketed(typist.typed, typist.figures.accepted).split("\n")
        while self._shown < len(self._lines) - 1:
            self._say_code(self._shown)
            self._shown += 1

    def _say_code(self, line: int) -> None:
        self._say(f"{self._first + line:>5} | {printable(self._lines[line])}")

    def _say(self, line: str) -> None:
        # Not wrapped, no markup: it is code.
        self._console.out(line, highlight=False)


def bracketed(typed: str, accepted: list[range]) -> str:
    """Return what was typed, with ⟦ ⟧ around what came from suggestions."""
    parts: list[str] = []
    at = 0
    for span in accepted:
        parts += (typed[at : span.start], "⟦", typed[span.start : span.stop], "⟧")
        at = span.stop
    return "".join((*parts, typed[at:]))


def _figures(typist: Typist, seconds_left: float) -> Table:
    figures = typist.figures
    times = figures.round_trips_ms
    grid = Table.grid(padding=(0, 3))
    grid.add_row(
        _figure(figures.keys, "keys"),
        _figure(len(times), "suggestions"),
        _figure(len(figures.accepted), "accepted"),
        _figure(f"{figures.accepted_share:.0%}", "of the text came from them, underlined"),
    )
    grid.add_row(
        _figure(f"{max(0, seconds_left):.0f}", "s left"),
        _figure(_ms(times[-1]) if times else "-", "last"),
        _figure(_ms(median(times)) if times else "-", "median"),
        Text.assemble((_bars(times), "cyan"), ("  edit sent → suggestion read", "dim")),
    )
    return grid


def _figure(value: object, unit: str) -> Text:
    return Text.assemble((str(value), "bold"), (f" {unit}", "dim"))


def _ms(value: float) -> str:
    return f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def _bars(times: list[float]) -> str:
    shown = times[-_BARS_SHOWN:]
    top = max(shown, default=0.0) or 1.0
    return "".join(_BARS[min(7, int(each / top * 8))] for each in shown)
