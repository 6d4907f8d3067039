"""Reading the params of a message, which may hold anything."""

from __future__ import annotations

from typing import Any, TypeVar

from ghostlap.lsp_server.documents import InvalidParams

__all__ = ["optional", "require"]

_T = TypeVar("_T")
_NAMES = {str: "a string", int: "an integer", list: "an array", dict: "an object"}


def require(params: Any, kind: type[_T], *path: str) -> _T:
    """Return the member at `path`. Raises InvalidParams when it is missing or of another kind."""
    value = params
    for name in path:
        if not isinstance(value, dict) or name not in value:
            raise InvalidParams(f"{'.'.join(path)} is missing.")
        value = value[name]
    if type(value) is not kind:
        raise InvalidParams(f"{'.'.join(path)} is not {_NAMES[kind]}.")
    return value


def optional(params: Any, kind: type[_T], *path: str) -> _T | None:
    """Return the member at `path`, or None when it is missing or of another kind."""
    value = params
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value if type(value) is kind else None
