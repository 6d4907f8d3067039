"""What one run of the demo has found out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from ghostlap.lsp_server.demo.material import Passage
from ghostlap.lsp_server.demo.typist import Figures

__all__ = ["Findings"]


@dataclass(slots=True)
class Findings:
    passage: Passage
    figures: Figures = field(default_factory=Figures)
    messages: list[str] = field(default_factory=list)
    """What the server told its user."""
    index: str | None = None
    """What was wrong with the embedded engine's index; empty when nothing was."""
    interrupted: bool = False
    started_unix_ns: int = field(default_factory=time.time_ns)

    def note(self, method: str, params: Any) -> None:
        """Take a notification of the server."""
        if method == "window/showMessage" and params["message"] not in self.messages:
            self.messages.append(params["message"])
