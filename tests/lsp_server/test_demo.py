"""The demo: what it types, into whom, and what it shows of it."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ghostlap.lsp_server.client import LspClient
from ghostlap.lsp_server.commands import Failure
from ghostlap.lsp_server.config import Config, TelemetrySettings
from ghostlap.lsp_server.demo.code_view import CodeView
from ghostlap.lsp_server.demo.findings import Findings
from ghostlap.lsp_server.demo.material import (
    Material,
    Passage,
    choose_file,
    choose_passage,
    read_material,
)
from ghostlap.lsp_server.demo.pace import Pace
from ghostlap.lsp_server.demo.report import report
from ghostlap.lsp_server.demo.run import perform
from ghostlap.lsp_server.demo.screen import LineScreen, LiveScreen, bracketed
from ghostlap.lsp_server.demo.typist import Figures, Ghost, Typist
from ghostlap.lsp_server.launch import server_command

ORACLE = Path(__file__).with_name("oracle_server.py")

SOURCE = """\
def above():
    '''Say ghost 👻 — and a form\ffeed.'''
    return 1


def below(first, second):
    total = first + second
    name = '👻 ghost'
    if total > len(name):
        return total

    again = total * 2
    return again, name, total
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.py"
    path.write_bytes(SOURCE.encode())
    return path


@pytest.fixture
def passage(source: Path) -> Passage:
    return Passage(read_material(source), 6, 13)


def oracle(source: Path, *options: str) -> list[str]:
    return [sys.executable, str(ORACLE), str(source), *options]


def messages_of(log: Path, method: str) -> list[dict[str, Any]]:
    read = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    return [each["params"] for each in read if each["method"] == method]


# What is typed.


def write_files(folder: Path, sizes: dict[str, int], line: str = "x = 1\n") -> None:
    for name, size in sizes.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(line * (size // len(line) + 1), encoding="utf-8")


def test_the_largest_source_file_that_a_person_wrote_is_chosen(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "small.py": 4_000,
            "src/large.ts": 9_000,
            "src/huge.py": 300_000,
            "node_modules/a.js": 20_000,
            ".hidden/a.py": 20_000,
            ".venv/lib/a.py": 20_000,
            "tests/a.py": 20_000,
            "src/test_a.py": 20_000,
            "src/a_test.go": 20_000,
            "src/a.spec.ts": 20_000,
            "notes.md": 20_000,
        },
    )
    write_files(tmp_path, {"src/minified.js": 15_000}, line="x=1;" * 100)
    (tmp_path / "src" / "binary.c").write_bytes(b"\xff\xfe\x00" * 5_000)
    chosen = choose_file(tmp_path)
    assert chosen is not None
    assert chosen.path == tmp_path / "src" / "large.ts"
    assert chosen.language == "typescript"


def test_a_folder_without_code_gives_none(tmp_path: Path) -> None:
    write_files(tmp_path, {"tiny.py": 100, "notes.txt": 9_000})
    assert choose_file(tmp_path) is None
    assert choose_file(tmp_path / "missing") is None


def test_names_that_merely_hold_the_word_test_are_no_tests(tmp_path: Path) -> None:
    write_files(tmp_path, {"latest_contest.py": 5_000})
    assert choose_file(tmp_path) is not None


def test_the_passage_is_code_of_the_second_half_that_begins_a_block() -> None:
    code = [f"    call({n})" for n in range(30)]
    prose = ['    """', *(f"    word {n}" for n in range(30)), '    """']
    lines = ["import x", "", *code, "def f():", *prose, "def g():", *code, ""]
    passage = choose_passage(Material(Path("a.py"), "python", tuple(lines)), 10)
    assert passage is not None
    assert passage.before[-1] == "def g():"
    assert passage.wanted.split("\n") == code[:10]
    assert [*passage.before, *passage.wanted.split("\n"), *passage.after] == lines


def test_the_passage_ends_with_code_where_the_file_does() -> None:
    passage = choose_passage(Material(Path("a.py"), "python", ("a = 1", "", "b = 2", "", "")), 10)
    assert passage is not None
    assert (passage.wanted, passage.after) == ("b = 2", ("", ""))


@pytest.mark.parametrize("lines", [("",), ("x = 1",), ("# a", "# b", "# c", "")])
def test_a_file_with_nothing_to_type_has_no_passage(lines: tuple[str, ...]) -> None:
    assert choose_passage(Material(Path("a.py"), "python", lines), 10) is None


def test_a_glob_in_a_python_string_opens_no_comment() -> None:
    lines = ("a = '/*'", "b = 1", "", "c = 2", "d = 3", "")
    passage = choose_passage(Material(Path("a.py"), "python", lines), 10)
    assert passage is not None
    assert passage.wanted == "c = 2\nd = 3"


# How it is typed.


def test_the_same_seed_types_at_the_same_pace_and_like_a_person() -> None:
    pauses = [[Pace(seed).pause_s("x") for _ in range(1)] for seed in range(200)]
    assert [Pace(7).pause_s("x")] == pauses[7]
    within = sorted(pause for (pause,) in pauses)
    assert 0.1 < within[100] < 0.2
    assert within[0] >= 0.04
    between = sorted(Pace(seed).pause_s("\n    ") for seed in range(200))
    assert 0.35 < between[100] < 0.6


async def type_all(
    source: Path, passage: Passage, *options: str, show: Callable[[], None] = lambda: None
) -> Typist:
    async with LspClient.spawn(oracle(source, *options)) as client:
        await client.initialize()
        typist = Typist(client, source.as_uri(), passage, Pace(1, speed=10), show)
        typist.open()
        await typist.type_on()
        await client.shutdown()
    return typist


async def test_the_server_is_not_shown_what_was_not_typed_yet_and_ends_with_the_file(
    source: Path, passage: Passage, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    typist = await type_all(source, passage, "--log", str(log))
    (opened,) = messages_of(log, "textDocument/didOpen")
    text = opened["textDocument"]["text"]
    assert opened["textDocument"]["languageId"] == "python"
    assert text.split("\n") == [*SOURCE.split("\n")[:6], "    ", ""]
    for change in messages_of(log, "textDocument/didChange"):
        (edit,) = change["contentChanges"]
        assert edit["range"]["start"] == edit["range"]["end"]
        text = inserted(text, edit["range"]["start"], edit["text"])
        assert SOURCE.startswith(text.removesuffix("\n")), "nothing but the file is typed"
    assert text == SOURCE
    assert typist.left == ""


def inserted(text: str, position: dict[str, int], new: str) -> str:
    """Apply an edit by the letter of the protocol, in UTF-16."""
    lines = text.split("\n")
    line = lines[position["line"]].encode("utf-16-le")
    at = 2 * position["character"]
    lines[position["line"]] = (line[:at] + new.encode("utf-16-le") + line[at:]).decode("utf-16-le")
    return "\n".join(lines)


@pytest.mark.parametrize("shape", ["at-cursor", "from-word", "bare-list", "without-range"])
async def test_every_key_asks_once_and_what_is_right_is_accepted(
    shape: str, source: Path, passage: Passage, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    typist = await type_all(source, passage, "--log", str(log), "--shape", shape)
    asked = messages_of(log, "textDocument/inlineCompletion")
    changed = messages_of(log, "textDocument/didChange")
    assert len(asked) == len(changed) == typist.figures.requests
    assert typist.figures.requests == typist.figures.keys + len(typist.figures.accepted)
    took = [typist.typed[span.start : span.stop] for span in typist.figures.accepted]
    right = "total = first + second", "name = '👻 ghost'", "again = total * 2"
    assert took, "and each to the end of its line"
    assert all(len(text) >= 4 and any(line.endswith(text) for line in right) for text in took)
    ran = messages_of(log, "workspace/executeCommand")
    assert [each["command"] for each in ran] == ["oracle.accepted"] * len(typist.figures.accepted)
    assert len(typist.figures.round_trips_ms) >= len(typist.figures.accepted)
    assert min(typist.figures.round_trips_ms) > 0


async def test_a_wrong_suggestion_is_shown_and_typed_over(source: Path, passage: Passage) -> None:
    seen: set[str] = set()

    def show() -> None:
        if typists and typists[0].ghost:
            seen.add(typists[0].ghost.text)

    typists: list[Typist] = []
    async with LspClient.spawn(oracle(source)) as client:
        await client.initialize()
        typists.append(Typist(client, source.as_uri(), passage, Pace(1, speed=10), show))
        typists[0].open()
        await typists[0].type_on()
    assert "NONSENSE" in seen
    assert "NONSENSE" not in typists[0].typed


class Listening:
    """A screen that remembers what it was told."""

    def __init__(self) -> None:
        self.waits: list[str] = []
        self.typed = ""
        self.open = False

    def wait(self, doing: str) -> None:
        self.waits.append(doing)

    def show(self, typist: Typist, seconds_left: float) -> None:
        assert self.open
        assert seconds_left < 60
        self.typed = typist.typed

    def __enter__(self) -> Self:
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False


REMOTE = Config(primary="oracle")


async def test_typing_ends_with_the_time_and_leaves_no_process(
    source: Path, passage: Passage
) -> None:
    loop, screen = asyncio.get_running_loop(), Listening()
    began = loop.time()
    findings = await perform(REMOTE, passage, screen, oracle(source), 1.5)
    assert 1.4 < loop.time() - began < 4
    assert findings.figures.keys >= 2
    assert not findings.interrupted
    assert screen.waits == ["starting the server"]
    assert screen.typed
    assert not screen.open
    assert_no_child_is_left()


def assert_no_child_is_left() -> None:
    if sys.platform != "win32":
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize(
    ("options", "said"),
    {
        ("--crash-after", "3"): "the server failed; the last that it said: the oracle has seen",
        ("--no-such-option",): "the server failed; the last that it said: oracle_server.py: error",
    }.items(),
)
async def test_a_server_that_dies_is_a_failure_with_its_last_words(
    options: tuple[str, ...], said: str, source: Path, passage: Passage
) -> None:
    with pytest.raises(Failure, match=said):
        await perform(REMOTE, passage, Listening(), oracle(source, *options), 20)
    assert_no_child_is_left()


async def test_a_server_that_cannot_be_started_is_a_failure(passage: Passage) -> None:
    with pytest.raises(Failure, match="the server can't be started: "):
        await perform(REMOTE, passage, Listening(), ["/no/such/program"], 20)


async def test_messages_of_the_server_are_kept_once(passage: Passage) -> None:
    findings = Findings(passage)
    for _ in range(2):
        findings.note("window/showMessage", {"type": 2, "message": "No key is set."})
    findings.note("window/logMessage", {"type": 4, "message": "debug"})
    assert findings.messages == ["No key is set."]


# What is seen of it.


def terminal(width: int = 100, height: int = 30) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        width=width,
        height=height,
        color_system="truecolor",
    )


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def typist_at(passage: Passage, typed: str, ghost: str = "") -> Typist:
    """A typist who has typed so much of a passage; all between ⟦ and ⟧ was accepted."""
    typist = Typist(LspClient(), "file:///source.py", passage, Pace(1), lambda: None)
    head, *spans = typed.split("⟦")
    typist.typed = head
    for span in spans:
        accepted, _, rest = span.partition("⟧")
        start = len(typist.typed)
        typist.figures.accepted.append(range(start, start + len(accepted)))
        typist.typed += accepted + rest
    typist.ghost = Ghost(ghost) if ghost else None
    typist.figures.round_trips_ms += [0.5, 123.4] * 20
    typist.figures.keys = 7
    return typist


def test_the_lines_mark_what_was_accepted_and_hold_no_control_code(passage: Passage) -> None:
    console = Console(file=io.StringIO(), width=40)
    with LineScreen(console, passage, "a title") as screen:
        screen.wait("starting")
        screen.wait("starting")
        screen.show(typist_at(passage, "    to"), 3)
        screen.show(typist_at(passage, "    to⟦tal = first + second⟧\n    na"), 3)
        screen.show(typist_at(passage, "    to⟦tal = first + second⟧\n    na⟦me = '👻⟧"), 3)
    assert text_of(console).splitlines() == [
        "a title",
        "starting …",
        "    7 |     to⟦tal = first + second⟧",
        "    8 |     na⟦me = '👻⟧",
    ]


def test_brackets_stand_around_what_was_accepted() -> None:
    assert bracketed("abcdef", [range(1, 3), range(3, 4)]) == "a⟦bc⟧⟦d⟧ef"
    assert bracketed("abc", []) == "abc"


@pytest.mark.parametrize(("width", "height"), [(120, 40), (100, 24), (60, 14), (20, 5)])
def test_the_window_fits_into_any_terminal(width: int, height: int, passage: Passage) -> None:
    console = terminal(width, height)
    with LiveScreen(console, passage, "a title") as screen:
        screen.wait("starting")
        screen.show(typist_at(passage, "    to⟦tal = first⟧ + se", "cond\n    another line"), 3)
    shown = [Text.from_ansi(line).plain for line in text_of(console).splitlines()]
    assert max(map(cell_len, shown)) <= width
    assert any("a title" in line for line in shown)


def test_the_window_shows_the_ghost_behind_what_was_typed_and_above_what_follows(
    passage: Passage,
) -> None:
    console = terminal(100, 30)
    with LiveScreen(console, passage, "a title") as screen:
        screen.show(typist_at(passage, "    to⟦tal = first⟧ + se", "cond\n    another"), 3)
    shown = [Text.from_ansi(line).plain.strip("│ ") for line in text_of(console).split("\n")]
    code = [line for line in shown if re.match(r"\d+ │ *[dtna]", line)]
    assert code[-3:] == [
        "6 │ def below(first, second):",
        "7 │     total = first + second",
        "8 │     another",
    ]
    assert "7 keys" in shown[-3]
    assert "123 ms last" in shown[-2]
    assert "62.0 ms median" in shown[-2]


def test_code_that_holds_control_characters_or_tabs_does_not_upset_the_terminal() -> None:
    lines = ("package a", "", "\tx\x1b[2J := 1\x07", "\ty\x9b2J := 2", "")
    passage = Passage(Material(Path("a.go"), "go", lines), 2, 4)
    view = CodeView(passage, rows=10, width=40).typing(passage.wanted, (), Ghost("\x1b[3J"))
    assert not any(
        0 < ord(char) < 32 or 127 <= ord(char) < 160 for char in view.plain.replace("\n", "")
    )
    assert "3 │     x␛[2J := 1␇" in view.plain
    console = Console(file=io.StringIO(), width=40)
    with LineScreen(console, passage, "a title") as screen:
        screen.show(typist_at(passage, passage.wanted), 3)
    assert "\x1b" not in text_of(console)


def test_what_was_accepted_is_underlined_across_lines(passage: Passage) -> None:
    view = CodeView(passage, rows=20, width=80)
    typist = typist_at(passage, "    total = fir⟦st + second\n    na⟧me")
    code = view.typing(typist.typed, typist.figures.accepted, None)
    marked = {
        n
        for span in code.spans
        if "underline" in str(span.style)
        for n in range(span.start, span.end)
    }
    assert "".join(code.plain[n] for n in sorted(marked)) == "st + second    na"


# What is said at its end.


def findings_of(passage: Passage, round_trips_ms: list[float]) -> Findings:
    figures = Figures(keys=3, requests=4, accepted=[range(3)], round_trips_ms=round_trips_ms)
    return Findings(passage, figures)


def test_without_telemetry_the_editor_s_side_alone_is_reported(passage: Passage) -> None:
    console = Console(file=io.StringIO(), width=200)
    config = Config(telemetry=TelemetrySettings(enabled=False))
    assert report(console, config, findings_of(passage, [1.0, 2.0, 3.0])) == 0
    said = text_of(console)
    assert "p50 2.0 ms, p95 2.9 ms over 3 suggestions" in said
    assert (
        "Keys, at a person's pace: 3. Suggestions accepted: 1, which are 50% of the text." in said
    )
    assert "switched off by telemetry.enabled" in said


def test_a_file_that_the_index_holds_is_owned_up_to() -> None:
    path = Path(json.__file__)
    passage = choose_passage(read_material(path), 10)
    assert passage is not None
    console = Console(file=io.StringIO(), width=200)
    config = Config(telemetry=TelemetrySettings(enabled=False))
    findings = findings_of(passage, [1.0])
    findings.index = "the index was not ready in time"
    report(console, config, findings)
    assert "Note: the index was not ready in time." in text_of(console)
    assert "Note: this file is part of Python's standard library" in text_of(console)
    report(other := Console(file=io.StringIO()), replace(config, primary="groq"), findings)
    assert "standard library" not in text_of(other)


def test_nothing_measured_is_a_failure_unless_the_user_ended_it(passage: Passage) -> None:
    console = Console(file=io.StringIO(), width=200)
    config = Config(telemetry=TelemetrySettings(enabled=False))
    findings = findings_of(passage, [])
    findings.messages.append("groq: the key is missing")
    with pytest.raises(Failure, match=r"no suggestion came in 4 keystrokes.*the key is missing"):
        report(console, config, findings)
    assert "The server says: groq: the key is missing" in text_of(console)
    findings.interrupted = True
    assert report(console, config, findings) == 130


# The command as a whole.


def test_the_server_is_started_in_isolation() -> None:
    command = server_command()
    assert command[0] == sys.executable
    assert command[1] in ("-I", "-P")
    assert command[2:] == ["-m", "ghostlap.lsp_server", "serve"]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment whose user has nothing but an engine that need not read the library."""
    config = tmp_path / "config.toml"
    config.write_text("embedded.standard_library = false\n", encoding="utf-8")
    return {
        **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
        **dict.fromkeys(("HOME", "USERPROFILE"), str(tmp_path)),
        "GHOSTLAP_CONFIG": str(config),
        "GHOSTLAP_DATA_DIR": str(tmp_path / "data"),
        "GHOSTLAP_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONUTF8": "1",
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with code that repeats itself, as code does."""
    folder = tmp_path / "project"
    folder.mkdir()
    functions = [
        f"def handle_{name}(request, response):\n"
        f"    response.headers.update(request.headers)\n"
        f"    response.status = request.status_{name}\n"
        f"    return response.finish(request)\n\n\n"
        for name in (f"case_{number}" for number in range(40))
    ]
    (folder / "handlers.py").write_text("".join(functions), encoding="utf-8")
    return folder


DEMO = [sys.executable, "-m", "ghostlap.lsp_server", "demo"]


def test_the_demo_types_into_the_real_server_and_prints_what_was_measured(
    env: dict[str, str], project: Path, tmp_path: Path
) -> None:
    before = (project / "handlers.py").read_bytes()
    result = subprocess.run(
        [*DEMO, "--seconds", "6"],
        env=env,
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    lines = result.stdout.splitlines()
    assert lines[0].endswith("of handlers.py, typed anew")
    assert any(" | " in line and "⟦" in line for line in lines), "something was accepted"
    (row,) = (line.split() for line in lines if line.startswith("embedded "))
    keys, served = int(row[1]), int(row[2])
    assert 0 < served <= keys
    database = tmp_path / "data" / "telemetry.sqlite3"
    assert f"Telemetry  {database}" in lines
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM keystroke").fetchone() >= (keys,)
    assert (project / "handlers.py").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="a group is signalled otherwise there")
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_the_typing_and_prints_what_was_measured(
    env: dict[str, str], project: Path
) -> None:
    with subprocess.Popen(
        [*DEMO, "--seconds", "60"],
        env=env,
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if "⟦" in line:
                break
        os.killpg(process.pid, signal.SIGINT)  # the server gets it too, as in a terminal
        rest, error = process.stdout.read(), process.stderr.read()
    assert (process.returncode, error) == (130, "")
    assert "\nembedded " in rest
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    {
        ("--file", "missing.py"): "ghostlap demo: missing.py: No such file or directory",
        ("--file", "binary.py"): "ghostlap demo: binary.py is no UTF-8 text",
        ("--file", "empty.py"): "ghostlap demo: empty.py holds too little code to type",
    }.items(),
)
def test_a_file_that_cannot_be_typed_is_said_so(
    arguments: tuple[str, ...], said: str, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "binary.py").write_bytes(b"\xff\x00")
    (tmp_path / "empty.py").touch()
    result = subprocess.run(
        [*DEMO, *arguments], env=env, cwd=tmp_path, capture_output=True, check=False
    )
    assert result.returncode == 1
    assert result.stdout == b""
    assert result.stderr.decode().startswith(said)


def test_without_a_single_suggestion_the_demo_fails_and_says_what_the_server_said(
    env: dict[str, str], project: Path
) -> None:
    Path(env["GHOSTLAP_CONFIG"]).write_text(
        'primary = "here"\n[providers.here]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n',
        encoding="utf-8",
    )
    result = subprocess.run(
        [*DEMO, "--seconds", "2"],
        env=env,
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 1
    assert "no suggestion came in " in result.stderr
