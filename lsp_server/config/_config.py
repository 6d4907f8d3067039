"""What a user can set: one TOML file, and above it the editor's settings of the same shape.

An opened folder can bring editor settings along. So those may not say where code or keys are sent,
nor which files are written: such settings are marked "user_only" in their metadata and are taken
from the user's own file alone. "narrows_to" marks a switch that the editor may only turn to that
side, "lowers" a number that it may only make smaller, "kept" a value that it may not change.

"provider_name" marks a setting that selects providers. There the editor may name the embedded
engine, whom the user's file itself selects, and whom it lists under `editor_may_select`. That a
`[providers.NAME]` is there is not enough: it says where someone can be reached, and a folder that
was merely opened could turn it into code being sent there. Nobody in the protocol says which editor
settings are the user's and which the folder's, so both are treated alike. What costs a user one
line in the file once would otherwise cost who never sends anything a leak they would not notice.
Commands such as `ghostlap.provider.select` are given by hand, and may name all that is `mentioned`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.config._admission import from_editor, from_file, names_in
from ghostlap.lsp_server.config._reader import Admit, Problem, read
from ghostlap.lsp_server.config._schema import FieldDoc, describe
from ghostlap.lsp_server.context.settings import ContextSettings
from ghostlap.lsp_server.hedging.settings import (
    MODE_WORDS,
    MODES,
    HedgingSettings,
    parse_mode,
    parse_names,
    parse_shadow,
    parse_shares,
)
from ghostlap.providers._settings import ProviderSettings
from ghostlap.providers.local.settings import EmbeddedSettings

__all__ = [
    "EMBEDDED",
    "Config",
    "Problem",
    "SuggestionSettings",
    "TelemetrySettings",
    "config_path",
    "load",
    "mentioned",
    "merge",
    "schema",
]

EMBEDDED = "embedded"
"""The name of the engine that is always there."""

EDITOR = "editor settings"


def config_path() -> Path:
    """Return the user's configuration file: GHOSTLAP_CONFIG, or the place the platform has."""
    if named := os.environ.get("GHOSTLAP_CONFIG"):
        return Path(named).expanduser()
    from platformdirs import user_config_dir  # noqa: PLC0415 - not needed when the file is named

    return Path(user_config_dir("ghostlap", appauthor=False), "config.toml")


def _catalogue_row(name: str) -> ProviderSettings:
    from ghostlap.providers.catalog import settings_of  # noqa: PLC0415 - as below

    return settings_of(name)


def _catalogue_names() -> frozenset[str]:
    # Who uses the embedded engine alone never reads the catalogue.
    from ghostlap.providers.catalog import catalog  # noqa: PLC0415 - see above

    return frozenset(catalog())


@dataclass(frozen=True, slots=True)
class SuggestionSettings:
    single_line: bool = field(
        default=False,
        metadata={
            "help": "suggest no more than the rest of the line; otherwise a whole statement or "
            "block where the place asks for one"
        },
    )
    max_tokens: int = field(
        default=256,  # a block of 25 lines; a stream is closed sooner, at the end of what is wanted
        metadata={
            "help": "the most tokens of one suggestion; a provider may be set to fewer",
            "minimum": 1,
            "maximum": 4096,
        },
    )
    instant_guess: bool = field(
        default=False,
        metadata={
            "help": "show what the embedded engine guesses until the provider has answered; the "
            "answer may extend it, and replaces nothing that can have been read"
        },
    )
    ahead_percent: int = field(
        default=25,
        metadata={
            "help": "how many requests more, in percent, may ask a remote provider for what "
            "follows the suggestion on display, so that it is there when that is accepted; 0: none",
            "minimum": 0,
            "maximum": 100,
        },
    )


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    enabled: bool = field(
        default=True,
        metadata={"help": "record latencies, on this machine alone", "narrows_to": False},
    )
    path: str = field(
        default="",
        metadata={
            "help": "the database file; empty for the user's data directory",
            "user_only": True,
        },
    )
    retention_days: int = field(
        default=30,
        metadata={
            "help": "how long single keystrokes are kept; their hourly sums stay",
            "minimum": 1,
            "maximum": 36500,
            "user_only": True,
        },
    )
    otlp_endpoint: str = field(
        default="",
        metadata={
            "help": "send metrics and traces to this OpenTelemetry endpoint over HTTP, as "
            "http://127.0.0.1:4318; empty: nowhere (needs the extra ghostlap[otel])",
            "user_only": True,
        },
    )
    prometheus_port: int = field(
        default=0,
        metadata={
            "help": "offer /metrics to Prometheus on this port of the loopback address; 0: not",
            "minimum": 0,
            "maximum": 65535,
            "user_only": True,
        },
    )


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. What has no help text in its metadata is none."""

    primary: str = field(
        default=EMBEDDED,
        metadata={
            "help": "who completes: embedded, a vendor of the catalogue, or a [providers.NAME]",
            "provider_name": True,
        },
    )
    debounce_ms: int = field(
        default=150,  # a usual gap between two keys: who types on was not looking
        metadata={
            "help": "the longest time that a key must be the last one before a remote provider is "
            "asked; below it the wait follows your typing and the provider's speed, "
            "and 0 asks at once, as the embedded engine always is",
            "minimum": 0,
            "maximum": 2000,
        },
    )
    debounce_min_ms: int = field(
        default=0,
        metadata={
            "help": "the shortest such time; the same as debounce_ms for one that never changes",
            "minimum": 0,
            "maximum": 2000,
        },
    )
    backup: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "who is asked when the primary is late or fails: a provider's name, or a list "
            "in the order in which they are asked",
            "provider_name": True,
            "parse": parse_names,
            "allowed": "a provider's name, or a list of them",
        },
    )
    hedge: str | Mapping[str, int] = field(
        default="adaptive",
        metadata={
            "help": "when a backup is asked: off; race, at once; adaptive, when the primary is "
            "later than it usually is; { delay_ms = 150 }, after that time; failover, when it "
            "fails. Without a backup nobody is",
            "choices": MODES,
            "parse": parse_mode,
            "allowed": MODE_WORDS,
            "kept": "off",
        },
    )
    split: Mapping[str, float] = field(
        default_factory=dict,
        metadata={
            "help": "shares of the keystrokes that go to others than the primary: "
            "{ cerebras = 0.1 } is a tenth",
            "provider_name": True,
            "parse": parse_shares,
            "allowed": "shares by a provider's name, 1 in all at most, as { cerebras = 0.1 }",
        },
    )
    shadow: Mapping[str, float] = field(
        default_factory=dict,
        metadata={
            "help": "a provider that is also asked and only measured, nothing of it is shown; or "
            "shares of the keystrokes, as { groq = 0.2 }",
            "provider_name": True,
            "parse": parse_shadow,
            "allowed": "a provider's name, or shares by name, as { groq = 0.2 }",
        },
    )
    editor_may_select: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "whom the editor's settings may select besides those that this file selects: "
            "a folder that you open can bring editor settings along",
            "provider_name": True,
            "user_only": True,
        },
    )
    hedging: HedgingSettings = field(
        default_factory=HedgingSettings,
        metadata={"help": "when a backup is asked, and what that may cost"},
    )
    suggestion: SuggestionSettings = field(
        default_factory=SuggestionSettings, metadata={"help": "what is suggested"}
    )
    context: ContextSettings = field(
        default_factory=ContextSettings, metadata={"help": "what is sent to remote providers"}
    )
    embedded: EmbeddedSettings = field(
        default_factory=EmbeddedSettings,
        metadata={"help": "the embedded engine", "below": {"cache_dir": {"user_only": True}}},
    )
    telemetry: TelemetrySettings = field(
        default_factory=TelemetrySettings, metadata={"help": "what is recorded"}
    )
    providers: Mapping[str, ProviderSettings] = field(
        default_factory=dict,
        metadata={
            "help": "providers by name: further ones, or changes to those of the catalogue",
            "user_only": True,
            "secret": True,
            "base": _catalogue_row,
            "below": {
                "key_env": {
                    "pattern": "[A-Z_][A-Z0-9_]*|",
                    "allowed": "the name of an environment variable, in capitals, not the key",
                }
            },
        },
    )
    file: Path = field(default_factory=config_path, compare=False)
    """The user's file, whether it is there or not."""

    def provider(self, name: str) -> ProviderSettings:
        """Return the settings of a provider: the user's, else the catalogue's, else defaults."""
        return self.providers.get(name) or _catalogue_row(name)

    def asked(self) -> frozenset[str]:
        """Return the names of all providers that the settings select."""
        return frozenset(_selected(self))

    def debounce_s(self, provider: str) -> tuple[float, float]:
        """Return the shortest and the longest wait after a key before `provider` is asked."""
        if provider == EMBEDDED:
            return 0.0, 0.0
        own_ms = self.provider(provider).debounce_ms
        most_ms = self.debounce_ms if own_ms is None else own_ms
        return min(self.debounce_min_ms, most_ms) / 1000, most_ms / 1000


def load(path: Path | None = None) -> tuple[Config, tuple[Problem, ...]]:
    """Read the user's file; whatever is wrong with it, there is a configuration.

    No file is no problem, unless `path` or GHOSTLAP_CONFIG says that there is one.
    """
    file = path or config_path()
    defaults = Config(file=file)
    try:
        text = file.read_text(encoding="utf-8-sig")  # Windows' editors put a mark in front
    except FileNotFoundError:
        if path or os.environ.get("GHOSTLAP_CONFIG"):
            return defaults, (_unreadable(file, "there is no such file"),)
        return defaults, ()
    except UnicodeDecodeError as error:
        return defaults, (_unreadable(file, f"byte {error.start + 1} is not UTF-8"),)
    except OSError as error:
        return defaults, (_unreadable(file, str(error.strerror)),)
    import tomllib  # noqa: PLC0415 - 6 ms of start-up that who has no file is spared

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return defaults, (_unreadable(file, _syntax(error, text)),)
    return read(defaults, table, source=str(file), admit=_of_file(table))


def merge(config: Config, settings: Any) -> tuple[Config, tuple[Problem, ...]]:
    """Put the editor's settings above the user's file.

    `config` is what `load` gave, each time: a setting that the editor no longer has falls back to
    the file. `settings` is the JSON object that the editor sent, or one that holds it as
    "ghostlap".
    """
    if isinstance(settings, Mapping) and "ghostlap" in settings:
        settings = settings["ghostlap"]
    if settings is None or settings == []:
        return config, ()
    if not isinstance(settings, Mapping):
        return config, (Problem("", "the settings must be an object", EDITOR),)
    admit = from_editor(config.file, selectable(config))
    merged, problems = read(config, settings, source=EDITOR, admit=admit)
    context = config.context.narrowed_by(merged.context)
    return replace(merged, context=context), problems


def selectable(config: Config) -> frozenset[str]:
    """Return whom settings of an editor may select, which a folder can bring, given `load`'s."""
    return frozenset({EMBEDDED, *_selected(config), *config.editor_may_select})


def mentioned(config: Config) -> frozenset[str]:
    """Return whom the user may select by a command, given what `load` gave."""
    return selectable(config) | frozenset(config.providers)


def schema() -> list[FieldDoc]:
    """Return every setting there is, as manuals and editors' settings pages need it."""
    return [*describe(Config)]


def _of_file(table: Mapping[str, Any]) -> Admit:
    added = table.get("providers")
    return from_file({EMBEDDED, *(added if isinstance(added, dict) else ())}, _catalogue_names)


def _selected(config: Config) -> Iterator[str]:
    """Yield the providers that the settings of `config` select."""
    for each in fields(config):
        if each.metadata.get("provider_name") and not each.metadata.get("user_only"):
            yield from names_in(getattr(config, each.name))


def _unreadable(file: Path, why: str) -> Problem:
    return Problem("", f"{why}; the defaults are used", str(file))


def _syntax(error: ValueError, text: str) -> str:
    """Return line, column and what TOML expected there; not a word of the line itself."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error))
    what, line, column = found.groups() if found else (str(error), None, None)
    if line is None:
        last = text.rpartition("\n")[2]
        line, column = str(text.count("\n") + 1), str(len(last) + 1)
    return f"line {line}, column {column}: {what[:1].lower()}{what[1:]}"
