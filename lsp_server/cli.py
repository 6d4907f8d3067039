"""The `ghostlap` command: finds the subcommand, and turns its end into an exit code."""

from __future__ import annotations

# ruff: noqa: T201 - printing is a command's way to answer
import io
import os
import sys
from collections.abc import Sequence

from ghostlap.lsp_server.commands import Failure
from ghostlap.lsp_server.version import VERSION

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "demo": "watch ghost text arrive while real code is typed, and read its latency",
    "serve": "speak LSP with an editor",
    "stats": "show the latencies that were recorded",
    "trace": "show where one keystroke's time went",
    "watch": "follow the keystrokes as they come, and switch hedging and providers",
    "report": "write what was recorded as one page of figures",
    "export": "give what was recorded to other programs",
    "prune": "delete old rows, and keep their sums",
    "hedge": "switch when a backup is asked: off, race, adaptive, failover",
    "workload": "make, record and look at typing that can be replayed",
    "bench": "replay typing against several providers or servers, and compare them",
    "simulate": "serve a provider that is only played, at published speeds",
    "advise": "say which hedge delay pays, from what was recorded",
    "providers": "list who can complete code, on what hardware and at what price",
    "index": "index a folder for the embedded engine, or show what is indexed",
    "doctor": "ask each configured provider, and say what to change where one fails",
    "editor": "put ghostlap into VS Code, Neovim or a Copilot client, or take it out",
    "config": "show the configuration, and what is wrong with it",
}
"""Each is the module of this name in `ghostlap.lsp_server.commands`."""

OK = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 128 + 2
PIPE_CLOSED = 128 + 13

_EXIT_CODES = """\
exit codes:
  0    done
  1    it did not work, or something is wrong: a sentence on stderr says what
  2    the command line is wrong
  130  interrupted by Ctrl-C"""

_HELP = """\
usage: ghostlap COMMAND [OPTIONS]

Ghost text at the keystroke from any inference provider, and the latency of each, measured.

commands:
{commands}

options:
  -h, --help     show this help; `ghostlap COMMAND --help` shows that of a command
  -V, --version  show the version

examples:
  ghostlap demo                        see it work; nothing needs to be configured
  ghostlap stats --since 7d --by day   how fast were this week's suggestions?
  ghostlap config show                 all settings, explained
  ghostlap serve --stdio               what an editor runs; `ghostlap --stdio` is the same

{exit_codes}

environment:
  GHOSTLAP_CONFIG     the configuration file, instead of the user's own
  GHOSTLAP_DATA_DIR   the folder of the telemetry, instead of the user's data folder
  GHOSTLAP_STATE_DIR  the folder of what was switched, instead of the user's state folder
  GHOSTLAP_CACHE_DIR  the folder of what can be made again, instead of the user's cache folder
  GHOSTLAP_LOG        debug, info, warning or error: what is logged to stderr
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `ghostlap` with these arguments, the process's own if None; return the exit code."""
    arguments = sys.argv[1:] if argv is None else [*argv]
    if arguments[:1] == ["--stdio"]:  # what editors pass when they are told no subcommand
        arguments.insert(0, "serve")
    elif arguments[1:2] == ["--stdio"] and arguments[0].endswith(".js"):
        arguments[0] = "serve"  # a client was told to take us for Node, and means its own server
    name = arguments[0] if arguments else ""
    _let_any_terminal_show_any_text()
    try:
        code = _dispatch(name, arguments[1:])
        _flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except Failure as failure:
        print(f"ghostlap {name}: {failure}", file=sys.stderr)
        return FAILED
    except Exception as error:  # noqa: BLE001 - nobody wants to read a traceback unasked
        _tell_unexpected(name, error)
        return FAILED
    return code


def _dispatch(name: str, arguments: list[str]) -> int:
    if name in COMMANDS:
        return _run(name, arguments)
    if name in ("-h", "--help"):
        print(_help(), end="")
        return OK
    if name in ("-V", "--version"):
        print(f"ghostlap {VERSION}")
        return OK
    if not name:
        print(_help(), end="", file=sys.stderr)
        return USAGE
    print(f"ghostlap: there is no command {_nearest(name)}", file=sys.stderr)
    return USAGE


def _run(name: str, arguments: list[str]) -> int:
    import argparse  # noqa: PLC0415 - not for --version
    from importlib import import_module  # noqa: PLC0415 - as above

    module = import_module(f"ghostlap.lsp_server.commands.{name}")
    parser = argparse.ArgumentParser(
        prog=f"ghostlap {name}",
        description=module.__doc__,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    try:
        args = parser.parse_args(arguments)
    except SystemExit as end:  # argparse has said why
        return end.code if isinstance(end.code, int) else USAGE
    _set_up_logs(name)
    return int(module.run(args))


def _help() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    return _HELP.format(commands=commands, exit_codes=_EXIT_CODES)


def _nearest(name: str) -> str:
    from ghostlap.lsp_server.config._reader import did_you_mean, quoted  # noqa: PLC0415 - rare

    return f"{quoted(name)}{did_you_mean(name, COMMANDS) or '; see `ghostlap --help`'}"


def _set_up_logs(name: str) -> None:
    level = os.environ.get("GHOSTLAP_LOG")
    if level or name == "serve":
        from ghostlap.lsp_server.logs import set_up_logs  # noqa: PLC0415 - see the condition

        set_up_logs(level or "warning")


def _tell_unexpected(name: str, error: Exception) -> None:
    """Say what went wrong without its text, which may quote a setting, a key or code."""
    import traceback  # noqa: PLC0415 - rare

    from ghostlap.lsp_server.logs import describe  # noqa: PLC0415 - rare

    if os.environ.get("GHOSTLAP_LOG", "").lower() == "debug":
        print("".join(traceback.format_tb(error.__traceback__)), end="", file=sys.stderr)
        hint = ""
    else:
        hint = "; GHOSTLAP_LOG=debug shows the way there"
    print(f"ghostlap {name}: unexpected {describe(error)}{hint}", file=sys.stderr)


def _let_any_terminal_show_any_text() -> None:
    """Replace what the terminal's encoding lacks, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _drop_output() -> None:
    """Let the interpreter's own flush at exit go nowhere: whoever read stdout is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
