"""Which settings are taken, by what their metadata says of them; `_config` explains its words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from ghostlap.lsp_server.config._reader import Admit, did_you_mean, quoted

__all__ = ["from_editor", "from_file", "names_in"]

_ELSEWHERE = "by an editor, since a folder can set it: put it into"


def from_file(own: Collection[str], catalogue: Callable[[], Collection[str]]) -> Admit:
    """Take all from the user's file but names of nobody.

    `own` are those that the file itself has; `catalogue` is asked when another one comes.
    """

    def admit(rules: Mapping[str, Any], value: Any, _present: Any) -> str:
        if not rules.get("provider_name") or not (unknown := names_in(value) - {*own}):
            return ""
        known = {*own, *catalogue()}
        if not (unknown := unknown - known):
            return ""
        name = min(unknown)
        return (
            f"names {quoted(name)}, which is neither embedded, nor a vendor of the catalogue, "
            f"nor a [providers.NAME] of this file{did_you_mean(name, known)}"
        )

    return admit


def from_editor(file: Path, names: Collection[str]) -> Admit:
    """Take from an editor what sends and records no more; `names` are whom it may select."""

    def admit(rules: Mapping[str, Any], value: Any, present: Any) -> str:
        if value == present or value in ({}, []):
            return ""
        if rules.get("user_only"):
            return f"is not taken from an editor, since a folder can set it: put it into {file}"
        is_kept = "kept" in rules and present == rules["kept"]
        if is_kept or ("narrows_to" in rules and value is not rules["narrows_to"]):
            return f"can't be set so {_ELSEWHERE} {file}"
        if rules.get("lowers") and type(value) is type(present) and value > present:
            return f"can't be raised {_ELSEWHERE} {file}"
        if rules.get("provider_name") and (foreign := sorted(names_in(value) - {*names})):
            return (
                f"may only name embedded or what {file} selects, since a folder can set it: "
                f"put {quoted(foreign[0])} into editor_may_select there"
            )
        return ""

    return admit


def names_in(value: Any) -> set[str]:
    """Return the names in a setting that selects one provider, several, or shares of them."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, list | tuple | Mapping):
        return {each for each in value if isinstance(each, str)}
    return set()
