"""Reads tables, from TOML or JSON, into frozen dataclasses, and says what is wrong with them.

A field is a setting when its metadata holds "help". Further metadata it reads: "choices",
"minimum", "maximum", "pattern" with "allowed" (a regular expression, and what it stands for),
"parse" with "allowed" (a function that returns the value or raises ValueError, and what it takes),
"secret" (nothing below may be quoted), "base" (for a mapping of dataclasses: name → the value that
an entry starts from) and "below" (metadata that it adds to the settings below it, by their name).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, fields, is_dataclass, replace
from types import NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = [
    "Admit",
    "Problem",
    "did_you_mean",
    "quoted",
    "read",
    "rules_of",
    "settings_of_class",
]

_Settings = TypeVar("_Settings")

_MAX_PROBLEMS = 20
_MAX_QUOTED_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the configuration. `str()` is one sentence for the user."""

    name: str
    """The dotted name of the setting; empty where the whole source is meant."""
    message: str
    source: str = ""
    """Where it was said: a file, or the editor."""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.message) if part)


Admit: TypeAlias = Callable[[Mapping[str, Any], Any, Any], str]
"""Says why a setting is not accepted, or "": by its metadata, its new and its present value."""


def read(
    base: _Settings, table: Mapping[str, Any], *, source: str, admit: Admit | None = None
) -> tuple[_Settings, tuple[Problem, ...]]:
    """Return `base` with the values of `table`, and one problem for each that is not used.

    A setting that is absent, null or bad keeps the value of `base`.
    """
    reader = _Reader(source, admit)
    settings = reader.read_fields(base, table, "", {})
    return settings, reader.problems()


def settings_of_class(settings: type) -> dict[str, tuple[Field[Any], Any]]:
    """Return the settings of a dataclass by name, each with its resolved type."""
    types = get_type_hints(settings)
    return {
        each.name: (each, types[each.name])
        for each in fields(settings)
        if each.metadata.get("help")
    }


def rules_of(setting: Field[Any], outer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a setting's metadata, with what the metadata of the setting that holds it adds."""
    added = dict(outer.get("below", {}).get(setting.name, {}))
    added.update({mark: True for mark in ("secret", "user_only") if outer.get(mark)})
    return {**setting.metadata, **added} if added else setting.metadata


def quoted(text: str) -> str:
    """Return `text` in quotes, on one line, clipped, and without control characters."""
    clipped = text[: _MAX_QUOTED_CHARACTERS - 1] + "…" if _is_long(text) else text
    if clipped.isprintable():
        return json.dumps(clipped, ensure_ascii=False)
    return json.dumps(clipped)


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """Return a clause that names the nearest of the known words, or "" when none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    near = get_close_matches(word[:_MAX_QUOTED_CHARACTERS], known, 1)
    return f"; did you mean {prefix}{near[0]}?" if near else ""


def _is_long(text: str) -> bool:
    return len(text) > _MAX_QUOTED_CHARACTERS


class _RefusedError(Exception):
    """A value, or one inside of it, is not what its setting allows."""

    def __init__(self, name: str, allowed: str, value: Any) -> None:
        self.name = name
        self.allowed = allowed
        self.value = value
        super().__init__(name, allowed)


@dataclass(frozen=True, slots=True)
class _Place:
    """Which setting is being read."""

    name: str
    rules: Mapping[str, Any]


class _Reader:
    def __init__(self, source: str, admit: Admit | None) -> None:
        self._source = source
        self._admit = admit
        self._problems: list[Problem] = []
        self._untold = 0

    def problems(self) -> tuple[Problem, ...]:
        if self._untold:
            rest = Problem("", f"{self._untold} more settings are not used", self._source)
            return (*self._problems, rest)
        return tuple(self._problems)

    def read_fields(
        self, base: Any, table: Mapping[str, Any], prefix: str, outer: Mapping[str, Any]
    ) -> Any:
        known = settings_of_class(type(base))
        changes: dict[str, Any] = {}
        for key, value in table.items():
            if value is None:  # how an editor says that a setting was not set
                continue
            if key not in known:
                self._note_unknown(prefix, key, known)
                continue
            field, kind = known[key]
            name, present = prefix + key, getattr(base, key)
            rules = rules_of(field, outer)
            if self._admit and (reason := self._admit(rules, value, present)):
                self._note(name, f"{name} {reason}")
                continue
            place = _Place(name, rules)
            try:
                changes[key] = self._read(kind, value, present, place)
            except _RefusedError as refused:
                self._note_refused(refused, present, secret="secret" in rules)
        return replace(base, **changes)

    def _read(self, kind: Any, value: Any, present: Any, place: _Place) -> Any:
        if "parse" in place.rules:
            try:
                return place.rules["parse"](value)
            except ValueError:
                raise _RefusedError(place.name, place.rules["allowed"], value) from None
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in (Union, UnionType):
            (kind,) = (each for each in arguments if each is not NoneType)
            return self._read(kind, value, present, place)
        if is_dataclass(kind):
            table = _table(value, place.name)
            return self.read_fields(present, table, f"{place.name}.", place.rules)
        if origin is tuple:
            return self._read_list(arguments[0], value, place)
        if origin is not None and issubclass(origin, Mapping):
            return self._read_mapping(arguments[1], _table(value, place.name), present, place)
        return value if kind is Any else _scalar(kind, value, place)

    def _read_list(self, kind: Any, values: Any, place: _Place) -> tuple[Any, ...]:
        if not isinstance(values, list):
            raise _RefusedError(place.name, "a list", values)
        return tuple(
            self._read(kind, value, None, _Place(f"{place.name}[{index}]", place.rules))
            for index, value in enumerate(values)
        )

    def _read_mapping(
        self, kind: Any, table: Mapping[str, Any], present: Mapping[str, Any], place: _Place
    ) -> Mapping[str, Any]:
        """Entries of dataclasses go onto the present ones; other mappings are taken whole."""
        entries: dict[str, Any] = dict(present) if is_dataclass(kind) else {}
        for key, value in table.items():
            inner = _Place(f"{place.name}.{_key(key)}", place.rules)
            if not is_dataclass(kind):
                entries[key] = self._read(kind, value, None, inner)
                continue
            base = entries.get(key) or place.rules["base"](key)
            try:
                entries[key] = self._read(kind, value, base, inner)
            except _RefusedError as refused:
                self._note_refused(refused, None, secret=True)
        return entries

    def _note_unknown(self, prefix: str, key: str, known: Iterable[str]) -> None:
        name = prefix + _key(key)
        if len(self._problems) >= _MAX_PROBLEMS:  # a hostile file costs no look-ups
            self._untold += 1
            return
        self._note(name, f"{name} is no setting{did_you_mean(key, known, prefix)}")

    def _note_refused(self, refused: _RefusedError, present: Any, *, secret: bool) -> None:
        found = _kind_of(refused.value) if secret else _found(refused.value) + _kept(present)
        self._note(refused.name, f"{refused.name} must be {refused.allowed}, not {found}")

    def _note(self, name: str, message: str) -> None:
        if len(self._problems) >= _MAX_PROBLEMS:
            self._untold += 1
        else:
            self._problems.append(Problem(name, message, self._source))


def _key(key: str) -> str:
    """Return a key as part of a dotted name."""
    return key if re.fullmatch(r"[\w-]{1,60}", key) else quoted(key)


def _table(value: Any, name: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    if value == []:  # Lua has one empty table, and Neovim encodes it as a list
        return {}
    raise _RefusedError(name, "a table", value)


def _scalar(kind: type, value: Any, place: _Place) -> Any:
    given = value
    if kind is float and type(value) is int:
        value = float(value)
    # By type, not isinstance: True is an int to Python, not to the user.
    if type(value) is not kind or not _within(value, place.rules):
        raise _RefusedError(place.name, _allowed(kind, place.rules), given)
    return value


def _within(value: Any, rules: Mapping[str, Any]) -> bool:
    if "choices" in rules and value not in rules["choices"]:
        return False
    if "pattern" in rules and not re.fullmatch(rules["pattern"], value):
        return False
    low, high = rules.get("minimum"), rules.get("maximum")
    # Written so that NaN, which TOML has, lies nowhere.
    return (low is None or value >= low) and (high is None or value <= high)


_WORDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}


def _allowed(kind: type, rules: Mapping[str, Any]) -> str:
    if "choices" in rules:
        return "one of " + ", ".join(str(each) for each in rules["choices"])
    if "allowed" in rules:
        return str(rules["allowed"])
    low, high = rules.get("minimum"), rules.get("maximum")
    if low is not None and high is not None:
        return f"{_WORDS[kind]} from {low} to {high}"
    return _WORDS[kind] if low is None else f"{_WORDS[kind]} of at least {low}"


def _found(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)[:_MAX_QUOTED_CHARACTERS] if _is_number(value) else _kind_of(value)


def _kept(present: Any) -> str:
    if isinstance(present, str) and present:
        return f"; {quoted(present)} is used"
    if isinstance(present, bool) or _is_number(present):
        return f"; {str(present).lower()} is used"
    return ""


def _kind_of(value: Any) -> str:
    if isinstance(value, bool | str):
        return _WORDS[type(value)]
    if _is_number(value):
        return "a number"
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, list) else "a date or time"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
