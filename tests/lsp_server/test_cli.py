"""The command line, run as a user runs it: in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from ghostlap.lsp_server.cli import COMMANDS
from ghostlap.lsp_server.client import LspClient
from ghostlap.lsp_server.version import VERSION

KEY = "sk-live-0123456789"
GHOSTLAP = [sys.executable, "-I", "-m", "ghostlap.lsp_server"]
PROJECT = Path(__file__).parents[2]

Result = subprocess.CompletedProcess[str]
Run = Callable[..., Result]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment whose user has nothing yet."""
    kept = {"PATH", "SYSTEMROOT", "TEMP", "LANG"}
    folders = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
    return {
        **{name: os.environ[name] for name in kept & os.environ.keys()},
        **dict.fromkeys(folders, str(tmp_path)),
        "GHOSTLAP_CONFIG": str(tmp_path / "config.toml"),
        "GHOSTLAP_DATA_DIR": str(tmp_path / "data"),
        "PYTHONIOENCODING": "utf-8",
    }


@pytest.fixture
def run(env: dict[str, str], tmp_path: Path) -> Run:
    def run(*arguments: str, **further: str) -> Result:
        return subprocess.run(
            [*GHOSTLAP, *arguments],
            env=env | further,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The user's file, as yet empty."""
    path = tmp_path / "config.toml"
    path.touch()
    return path


def test_the_version_is_that_of_the_project(run: Run) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project.get("version", VERSION) == VERSION
    for option in ("--version", "-V"):
        result = run(option)
        assert (result.returncode, result.stdout) == (0, f"ghostlap {VERSION}\n")


def test_help_names_every_command_and_every_exit_code(run: Run) -> None:
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    for name, text in COMMANDS.items():
        assert name in result.stdout
        assert text in result.stdout
    for code in (0, 1, 2, 130):
        assert f"\n  {code} " in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_every_command_explains_itself(run: Run) -> None:
    for name in COMMANDS:
        result = run(name, "--help")
        assert (result.returncode, result.stderr) == (0, ""), name
        assert result.stdout.startswith(f"usage: ghostlap {name}")
        help_text = import_module(f"ghostlap.lsp_server.commands.{name}").__doc__
        assert help_text
        assert help_text.splitlines()[0] in result.stdout
        assert "exit codes:" in result.stdout


def test_every_module_of_the_commands_stands_in_the_table() -> None:
    folder = PROJECT / "lsp_server" / "commands"
    modules = {each.stem for each in folder.glob("*.py")} - {"__init__"}
    assert modules == set(COMMANDS)


def test_no_command_at_all_is_a_usage_error_that_helps(run: Run) -> None:
    result = run()
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("usage: ghostlap COMMAND")


@pytest.mark.parametrize(
    ("arguments", "said"),
    {
        ("stat",): 'there is no command "stat"; did you mean stats?',
        ("xyzzy",): 'there is no command "xyzzy"; see `ghostlap --help`',
        ("\x1b[2J",): 'there is no command "\\u001b[2J"',
        ("stats", "--bye"): "unrecognized arguments: --bye",
        ("stats", "--by", "mood"): "invalid choice: 'mood'",
        ("serve", "--tcp", "5007"): "'5007' is not HOST:PORT, as 127.0.0.1:5007",
        ("serve", "--tcp", "127.0.0.1:99999"): "is not HOST:PORT",
        ("demo", "--seconds", "nan"): "'nan' is not a number of seconds from 1 to 3600",
        ("demo", "--seconds", "0"): "'0' is not a number of seconds",
        ("config",): "required: action",
    }.items(),
)
def test_a_wrong_command_line_ends_with_2_and_says_why(
    arguments: tuple[str, ...], said: str, run: Run
) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr


def test_config_path_says_where_the_file_is(run: Run, config: Path) -> None:
    result = run("config", "path")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{config}\n", "")


def test_config_show_prints_toml_that_holds_no_secret(run: Run, config: Path) -> None:
    config.write_text(
        f"""
        primary = "mine"
        debounce_ms = 5
        [providers.mine]
        base_url = "https://me:{KEY}@host/v1"
        headers = {{ x-key = "{KEY}" }}
        """,
        encoding="utf-8",
    )
    result = run("config", "show")
    assert (result.returncode, result.stderr) == (0, "")
    shown = tomllib.loads(result.stdout)
    assert shown["debounce_ms"] == 5
    assert shown["providers"]["mine"]["base_url"] == "https://host/v1"
    assert KEY not in result.stdout


@pytest.mark.parametrize("action", ["check", "show"])
def test_config_ends_with_1_when_something_is_wrong(action: str, run: Run, config: Path) -> None:
    config.write_text(f'debounce_ms = "soon"\n[providers.x]\nkey = "{KEY}"\n', encoding="utf-8")
    result = run("config", action)
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f'{config}: debounce_ms must be a whole number from 0 to 2000, not "soon"; 150 is used',
        f"{config}: providers.x.key is no setting; did you mean providers.x.key_env?",
    ]
    assert KEY not in result.stdout + result.stderr


def test_config_check_of_a_good_file_says_so(run: Run, config: Path) -> None:
    result = run("config", "check")
    assert (result.returncode, result.stdout) == (0, f"{config}: nothing is wrong with it\n")


def test_an_unexpected_error_is_one_sentence_without_what_it_quotes(run: Run, config: Path) -> None:
    # A nesting that Python's TOML reader gives up on; its text is as good as any other.
    config.write_text(f'a = "{KEY}"\nb = {"[" * 20_000}', encoding="utf-8")
    result = run("config", "check")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("ghostlap config: unexpected RecursionError at ")
    assert "GHOSTLAP_LOG=debug" in result.stderr
    told = run("config", "check", GHOSTLAP_LOG="debug")
    assert len(told.stderr.splitlines()) > 3
    assert KEY not in result.stderr + told.stderr


@pytest.mark.usefixtures("config")
def test_a_reader_that_goes_away_is_no_traceback(env: dict[str, str]) -> None:
    with subprocess.Popen(
        [*GHOSTLAP, "config", "show"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        error = process.stderr.read()
    assert error == b""
    assert process.returncode == (141 if sys.platform != "win32" else 1)


def test_a_terminal_without_unicode_gets_what_it_can_show(
    env: dict[str, str], config: Path
) -> None:
    config.write_text('[providers.x]\nkey_command = ["pass", "x"]\n', encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "ghostlap.lsp_server", "config", "show"],  # -I ignores the encoding
        env=env | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert b'key_command = ["pass", "???"]' in result.stdout


def test_only_a_loopback_address_is_served(run: Run) -> None:
    result = run("serve", "--tcp", "192.0.2.1:5007")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1].startswith("ghostlap serve: --tcp 192.0.2.1: only")


@pytest.mark.usefixtures("config")
def test_a_port_that_is_taken_is_said_so(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = run("serve", "--tcp", address)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"ghostlap serve: --tcp {address}: ")


@pytest.mark.parametrize(
    "arguments",
    [("serve",), ("serve", "--stdio"), ("--stdio",), ("dist/language-server.js", "--stdio")],
)
def test_serving_speaks_lsp_and_leaves_with_the_input(arguments: tuple[str, ...], run: Run) -> None:
    result = run(*arguments)  # stdin is at its end
    assert (result.returncode, result.stdout) == (1, ""), "1: the client did not say shutdown"
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C comes another way on Windows")
@pytest.mark.usefixtures("config", "interruptible")
def test_ctrl_c_ends_with_130_and_no_traceback(env: dict[str, str]) -> None:
    with subprocess.Popen(
        [*GHOSTLAP, "serve", "--tcp", "127.0.0.1:0"],
        env=env,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stderr is not None
        assert "listening on port" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert (process.returncode, rest) == (130, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C comes another way on Windows")
@pytest.mark.usefixtures("interruptible")
async def test_ctrl_c_in_the_terminal_of_an_editor_leaves_its_server_alone(
    env: dict[str, str],
) -> None:
    async with LspClient.spawn([*GHOSTLAP, "serve"], env=env) as client:
        await client.initialize()
        os.kill(client.pid, signal.SIGINT)
        assert await client.shutdown() == 0


def test_stats_of_nothing_say_what_to_do(run: Run, tmp_path: Path) -> None:
    result = run("stats")
    assert (result.returncode, result.stdout) == (0, "")
    assert str(tmp_path / "data") in result.stderr
    assert "ghostlap demo" in result.stderr


def test_stats_read_the_database_of_the_configuration(
    run: Run, config: Path, tmp_path: Path
) -> None:
    database = tmp_path / "elsewhere.sqlite3"
    config.write_text(f"telemetry.path = '{database}'\n", encoding="utf-8")
    assert f"{database}" in run("stats").stderr
    database.write_bytes(b"no database at all, but a text of some length" * 100)
    result = run("stats", "--since", "7d", "--by", "day")
    assert result.returncode == 1
    assert f"{database}" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "spared"),
    {
        ("--version",): {"argparse", "asyncio", "logging", "rich", "numpy", "platformdirs"},
        ("config", "path"): {"rich", "numpy", "httpx", "aiohttp", "pygls", "sqlite3"},
        ("config", "show"): {"rich", "numpy", "httpx", "aiohttp", "pygls", "sqlite3"},
        ("stats",): {"pygls", "httpx", "aiohttp"},
    }.items(),
)
def test_a_command_imports_only_what_it_needs(
    arguments: tuple[str, ...], spared: set[str], env: dict[str, str]
) -> None:
    code = (
        "import sys; from ghostlap.lsp_server.cli import main;"
        f"main({list(arguments)!r}); print(' '.join(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", code], env=env, capture_output=True, check=True
    )
    assert spared.isdisjoint(result.stdout.decode().splitlines()[-1].split())
