"""How to start the server that belongs to this very installation."""

from __future__ import annotations

import site
import sys
from pathlib import Path

__all__ = ["server_command"]


def server_command() -> list[str]:
    """Return the command that starts `ghostlap serve` by this interpreter.

    Isolated (-I), so that no module of the current folder is taken for one of ours; where we are
    installed for the user alone, which -I would hide, at least the folder stays out (-P).
    """
    isolation = "-P" if _is_in_user_site() else "-I"
    return [sys.executable, isolation, "-m", "ghostlap.lsp_server", "serve"]


def _is_in_user_site() -> bool:
    folder = site.getusersitepackages() if site.ENABLE_USER_SITE else ""
    return bool(folder) and Path(folder) in Path(__file__).parents
