from __future__ import annotations

import os
from dataclasses import dataclass, field

__all__ = ["Session"]


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the server, or rather of its recorder."""

    version: str = ""
    """Ghostlap's own."""
    client: str = ""
    """The editor's name, as it introduced itself."""
    client_version: str = ""
    uuid: str = field(default_factory=lambda: os.urandom(16).hex())
    """32 hexadecimal digits: unique, so that several people's stores can be read as one."""
