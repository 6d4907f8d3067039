"""What single clients do that others do not: a line for each, with its reason.

Whatever can be done for every client alike is done where its message is handled, and is no quirk.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

__all__ = ["Quirk", "quirks_of"]


class Quirk(Enum):
    LENGTH_FROM_LINE_START = auto()
    """`acceptedLength` of `notifyAccepted` counts from the start of `text`, not from the cursor."""
    REJECTS_THE_TYPED_OVER = auto()
    """`notifyRejected` also comes when the user has just typed on."""


_QUIRKS: Mapping[str, frozenset[Quirk]] = MappingProxyType(
    {
        # It accepts words by cutting `text` short, and says how long the rest of it is.
        "copilot.lua": frozenset({Quirk.LENGTH_FROM_LINE_START}),
        # Up to 1.40 it clears what is shown at each move of the cursor, and that sends it.
        "copilot.vim": frozenset({Quirk.REJECTS_THE_TYPED_OVER}),
        # Up to 0.3 it clears its overlay behind each command, and that sends it.
        "copilot.el": frozenset({Quirk.REJECTS_THE_TYPED_OVER}),
    }
)


def quirks_of(plugin: str) -> frozenset[Quirk]:
    """Return what to expect of a client, by the name in its `editorPluginInfo`."""
    return _QUIRKS.get(plugin, frozenset())
