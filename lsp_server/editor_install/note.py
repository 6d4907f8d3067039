"""Which environment an editor's plugin belongs to: noted where every plugin can find it.

The plugins look for the server by their own setting first, then here, then on PATH.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ghostlap.lsp_server.editor_install.steps import Step

__all__ = ["Note"]


@dataclass(frozen=True, slots=True)
class Note:
    folder: Path
    """The user's configuration folder, wherever the configuration file itself is."""
    command: Sequence[str]
    """What starts the server."""
    version: str

    @classmethod
    def here(cls) -> Note:
        """Return the note of the environment that this process runs in."""
        from platformdirs import user_config_dir  # noqa: PLC0415 - where it is needed

        from ghostlap.lsp_server.launch import server_command  # noqa: PLC0415 - as above
        from ghostlap.lsp_server.version import VERSION  # noqa: PLC0415 - as above

        return cls(Path(user_config_dir("ghostlap", appauthor=False)), server_command(), VERSION)

    @property
    def path(self) -> Path:
        return self.folder / "server.json"

    def write(self) -> Step:
        return Step(f"note in {self.path} how to start this server", self._write)

    def remove(self) -> Step:
        return Step(f"remove {self.path} if it names this server", self._remove)

    def _write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        told = {"command": [*self.command], "version": self.version}
        self.path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")

    def _remove(self) -> None:
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if isinstance(told, dict) and told.get("command") == [*self.command]:
            self.path.unlink(missing_ok=True)
