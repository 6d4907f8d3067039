"""What a user can set: one TOML file, and above it the editor's settings of the same shape.

An opened folder can bring editor settings along. So those may not say where code or keys are sent,
nor which files are written: such settings are marked "user_only" in their metadata and are taken
from the user's own file alone. "provider_name" marks a setting that selects providers: the editor
may name the embedded engine and what the user's file mentions. "narrows_to" marks a switch that the
editor may only turn to that side, "lowers" a number that it may only make smaller.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.config._reader import Admit, Problem, did_you_mean, quoted, read
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
    return read(defaults, table, source=str(file), admit=_admit_from_file(table))


def merge(
    config: Config, settings: Any, *, trusted: Collection[str] = ()
) -> tuple[Config, tuple[Problem, ...]]:
    """Put the editor's settings above the user's file.

    `config` is what `load` gave, each time: a setting that the editor no longer has falls back to
    the file. `settings` is the JSON object that the editor sent, or one that holds it as
    "ghostlap". `trusted` names further providers that the editor may select.
    """
    if isinstance(settings, Mapping) and "ghostlap" in settings:
        settings = settings["ghostlap"]
    if settings is None or settings == []:
        return config, ()
    if not isinstance(settings, Mapping):
        return config, (Problem("", "the settings must be an object", EDITOR),)
    names = {*mentioned(config), *trusted}
    merged, problems = read(
        config, settings, source=EDITOR, admit=_admit_from_editor(config.file, names)
    )
    context = config.context.narrowed_by(merged.context)
    return replace(merged, context=context), problems


def mentioned(config: Config) -> frozenset[str]:
    """Return whom a client may select, given what `load` gave."""
    return frozenset({EMBEDDED, *config.providers, *_selected(config)})


def schema() -> list[FieldDoc]:
    """Return every setting there is, as manuals and editors' settings pages need it."""
    return [*describe(Config)]


def _admit_from_file(table: Mapping[str, Any]) -> Admit:
    added = table.get("providers")
    names = {EMBEDDED, *(added if isinstance(added, dict) else ())}

    def admit(rules: Mapping[str, Any], value: Any, _present: Any) -> str:
        if not rules.get("provider_name"):
            return ""
        if not (unknown := _names_in(value) - names):
            return ""
        known = names | _catalogue_names()
        if not (unknown := unknown - known):
            return ""
        name = min(unknown)
        return (
            f"names {quoted(name)}, which is neither {EMBEDDED}, nor a vendor of the catalogue, "
            f"nor a [providers.NAME] of this file{did_you_mean(name, known)}"
        )

    return admit


def _admit_from_editor(file: Path, names: Collection[str]) -> Admit:
    def admit(rules: Mapping[str, Any], value: Any, present: Any) -> str:
        if value == present or value in ({}, []):
            return ""
        if rules.get("user_only"):
            return f"is not taken from an editor, since a folder can set it: put it into {file}"
        if "narrows_to" in rules and value is not rules["narrows_to"]:
            return f"can't be set so by an editor, since a folder can set it: put it into {file}"
        if rules.get("lowers") and type(value) is type(present) and value > present:
            return f"can't be raised by an editor, since a folder can set it: put it into {file}"
        if rules.get("provider_name") and (foreign := sorted(_names_in(value) - {*names})):
            return (
                f"may only name {EMBEDDED} or what {file} mentions, and it does not mention "
                f"{quoted(foreign[0])}"
            )
        return ""

    return admit


def _selected(config: Config) -> Iterator[str]:
    """Yield the providers that the settings of `config` select."""
    for each in fields(config):
        if each.metadata.get("provider_name"):
            yield from _names_in(getattr(config, each.name))


def _names_in(value: Any) -> set[str]:
    """Return the names in a setting that selects one provider, several, or shares of them."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, list | tuple | Mapping):
        return {each for each in value if isinstance(each, str)}
    return set()


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
