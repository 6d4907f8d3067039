"""What settings there are, and what they are set to, for people to read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, is_dataclass
from types import MappingProxyType
from typing import Any, get_args, get_origin

from ghostlap.lsp_server.config._reader import rules_of, settings_of_class

__all__ = ["FieldDoc", "describe", "to_toml"]

_HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class FieldDoc:
    """One setting, as a manual or an editor's settings page describes it."""

    name: str
    """Dotted; NAME stands for a name that the user chooses."""
    type: str
    """boolean, integer, number, string, array or object: JSON Schema's words."""
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    user_only: bool = False
    """Taken from the user's file alone, never from an editor."""


def describe(
    settings: type, prefix: str = "", outer: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[FieldDoc]:
    """Yield the settings of a dataclass and of those below it, in their order."""
    for name, (setting, kind) in settings_of_class(settings).items():
        rules = rules_of(setting, outer)
        inner = _dataclass_in(kind)
        if inner is None:
            yield _field_doc(prefix + name, kind, setting, rules)
        else:
            middle = "" if inner is kind else "NAME."
            yield from describe(inner, f"{prefix}{name}.{middle}", rules)


def _dataclass_in(kind: Any) -> type | None:
    """Return the dataclass that a setting's type is, or maps names to."""
    if is_dataclass(kind):
        return kind if isinstance(kind, type) else None
    arguments = get_args(kind)
    last = arguments[-1] if arguments else None
    return last if is_dataclass(last) and isinstance(last, type) else None


def _field_doc(name: str, kind: Any, setting: Field[Any], rules: Mapping[str, Any]) -> FieldDoc:
    factory = setting.default_factory
    return FieldDoc(
        name=name,
        type=_json_type(kind),
        default=setting.default if factory is MISSING else factory(),
        help=rules["help"],
        choices=tuple(rules.get("choices", ())),
        minimum=rules.get("minimum"),
        maximum=rules.get("maximum"),
        user_only=bool(rules.get("user_only")),
    )


def _json_type(kind: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    if kind in names:
        return names[kind]
    origin = get_origin(kind)
    if origin is tuple:
        return "array"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "object"
    return _json_type(get_args(kind)[0])  # X | None


def to_toml(settings: Any) -> str:
    """Return all settings as TOML, each below its help. What may hold a key is hidden."""
    return "\n".join(_lines(settings, ())).strip() + "\n"


def _lines(settings: Any, trail: tuple[str, ...]) -> Iterator[str]:
    """Yield plain settings first: in TOML what follows a table's head belongs to the table."""
    known = settings_of_class(type(settings))
    tables = {name: kind for name, (_, kind) in known.items() if _dataclass_in(kind)}
    for name, (each, _) in known.items():
        if name not in tables:
            yield f"# {each.metadata['help']}"
            value = getattr(settings, name)
            yield f"{name} = {_literal(value)}" if value is not None else f"# {name} is not set"
    for name, kind in tables.items():
        value = getattr(settings, name)
        if is_dataclass(kind):
            yield from ("", _head((*trail, name)))
            yield from _lines(value, (*trail, name))
            continue
        for key, entry in value.items():
            yield from ("", _head((*trail, name, key)))
            yield from _changed(entry)


def _changed(settings: Any) -> Iterator[str]:
    """Yield what differs from the defaults, with all that may hold a key hidden."""
    for name, (each, _) in settings_of_class(type(settings)).items():
        value = getattr(settings, name)
        if value not in (each.default, {}):
            yield f"{name} = {_literal(_masked(value))}"


def _masked(value: Any) -> Any:
    """Return a provider's setting without what may hold a key: by its shape, whatever its name."""
    if isinstance(value, Mapping):
        return dict.fromkeys(value, _HIDDEN)
    if isinstance(value, tuple):
        return [*value[:1], *([_HIDDEN] if value[1:] else ())]
    if not isinstance(value, str):
        return value
    address, query, _ = value.partition("?")
    if "://" in address:
        from urllib.parse import urlsplit  # noqa: PLC0415 - no server shows its settings

        parts = urlsplit(address)
        address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return f"{address}?{_HIDDEN}" if query else address


def _head(trail: tuple[str, ...]) -> str:
    return f"[{'.'.join(_key(each) for each in trail)}]"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _literal(name)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{_key(key)} = {_literal(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list | tuple):
        return f"[{', '.join(_literal(item) for item in value)}]"
    return str(value)
