"""One keystroke's waterfall, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ghostlap.lsp_server.views.words import milliseconds, printable
from ghostlap.telemetry import AttemptStage, Stage
from ghostlap.telemetry.waterfall import AttemptBar, Waterfall

__all__ = ["waterfall_view"]

_NAME_WIDTH, _FIGURE_WIDTH, _LEAST_BAR = 15, 9, 10
_ORIGINS = {
    Stage.KEYSTROKE: "the editor's keystroke",
    Stage.CHANGE_RECEIVED: "the arrival of the edit",
    Stage.REQUEST_RECEIVED: "the arrival of the request",
}
_ENDS = {
    Stage.RENDERED: "to rendered",
    Stage.RESPONSE_RECEIVED: "to received by the editor",
    Stage.RESPONSE_SENT: "to reply sent",
    Stage.USABLE: "to a usable text",
}
_COLOURS = {
    "debounce": "yellow",
    "hedge delay": "yellow",
    "editor": "yellow",
    "connect": "magenta",
    "network": "magenta",
    "first token": "blue",
    "provider queue": "blue",
    "prefill": "blue",
    "decode": "cyan",
}
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def waterfall_view(found: Waterfall, width: int) -> RenderableType:
    room = max(width - _NAME_WIDTH - _FIGURE_WIDTH - 3, _LEAST_BAR)
    whole_ns = max(
        [found.total_ns, *(max(each.stamps_ns.values(), default=0) for each in found.attempts)]
    )
    stages = Table.grid(padding=(0, 1))
    stages.add_column(width=_NAME_WIDTH, no_wrap=True)
    stages.add_column(width=_FIGURE_WIDTH, justify="right", no_wrap=True)
    stages.add_column(no_wrap=True)
    for each in found.segments:
        bar = _bar(each.start_ns, each.end_ns, whole_ns, room)
        colour = _COLOURS.get(each.name, "green")
        stages.add_row(each.name, milliseconds(each.duration_ns / 1e6), Text(bar, style=colour))
    summed_ns = sum(each.duration_ns for each in found.segments)
    stages.add_row("sum of stages", milliseconds(summed_ns / 1e6), "", style="bold")
    stages.add_row("total", milliseconds(found.total_ns / 1e6), _reach(found), style="bold")
    parts: list[RenderableType] = [_heading(found), stages]
    if found.attempts:
        parts += [Text(), _attempts(found, whole_ns, room)]
    if found.feedback:
        parts += [Text(), Text(", ".join(_feedback(found)))]
    return Group(*parts)


def _heading(found: Waterfall) -> Text:
    at = datetime.fromtimestamp(found.at_unix_ns / 1e9)  # noqa: DTZ006 - the user's clock
    text = Text.assemble(
        (f"keystroke {found.sequence}", "bold"),
        f"  {at:%Y-%m-%d %H:%M:%S}  {found.outcome or 'never ended'}",
    )
    if found.source not in ("", "none", "provider"):
        text.append(f", {found.source}")
    if found.text_from:
        text.append(f" with the text of keystroke {found.text_from}")
    for name, value in (
        ("", found.language),
        ("policy ", found.policy),
        ("denied: ", found.denied),
    ):
        if value:
            text.append(f", {name}{printable(value)}")
    text.append(f"  (session {found.session[:8]})", style="dim")
    return text


def _reach(found: Waterfall) -> str:
    start = _ORIGINS.get(found.origin, "its first stamp") if found.origin is not None else "nothing"
    end = (
        _ENDS.get(found.reaches, "to its last stamp")
        if found.reaches is not None
        else ("to its last stamp")
    )
    return f"ms, from {start} {end}"


def _attempts(found: Waterfall, whole_ns: int, room: int) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=_NAME_WIDTH, no_wrap=True, overflow="ellipsis")
    table.add_column(width=_FIGURE_WIDTH, justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for each in found.attempts:
        start_ns = each.stamps_ns.get(AttemptStage.STARTED, 0)
        end_ns = max(each.stamps_ns.values(), default=start_ns)
        usable_ns = each.stamps_ns.get(AttemptStage.FIRST_USABLE)
        bar = Text(_bar(start_ns, end_ns, whole_ns, room), style="green" if each.won else "red")
        if usable_ns is not None:
            place = min(round(usable_ns / whole_ns * room), room - 1) if whole_ns else 0
            bar = Text.assemble(bar[:place], ("┃", "bold"), bar[place + 1 :])
        table.add_row(
            Text(printable(each.provider), style="bold"),
            milliseconds((end_ns - start_ns) / 1e6),
            bar,
        )
        table.add_row("", "", Text(_fate(each), style="dim"))
    return table


def _fate(attempt: AttemptBar) -> str:
    parts = [
        printable(attempt.model),
        f"{attempt.role} ({attempt.launch_reason})" if attempt.role != "primary" else "primary",
        "won" if attempt.won else f"{attempt.outcome} {attempt.censor_cause}".strip(),
        printable(attempt.error),
        "cold connection" if attempt.cold else "",
        "┃ first usable" if AttemptStage.FIRST_USABLE in attempt.stamps_ns else "",
    ]
    return ", ".join(part for part in parts if part)


def _feedback(found: Waterfall) -> Iterator[str]:
    for kind, after_ns in found.feedback:
        yield f"{kind.replace('_', ' ')} after {milliseconds(after_ns / 1e6)} ms"


def _bar(start_ns: int, end_ns: int, whole_ns: int, room: int) -> str:
    """From where to where, in eighths of a cell; at least one of them, however short it was."""
    if whole_ns <= 0:
        return ""
    start = max(start_ns, 0) * room * 8 // whole_ns
    end = max(end_ns * room * 8 // whole_ns, start + 1)
    first, last = start // 8, end // 8
    if first == last:
        return " " * first + _EIGHTHS[end - start]
    # A block that begins inside its cell can't be drawn: it takes the whole of it.
    return " " * first + "█" * (last - first) + _EIGHTHS[end % 8].strip()
