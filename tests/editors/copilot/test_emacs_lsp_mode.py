"""lsp-mode's Copilot client in Emacs, as Debian has both, on a real screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.editors.copilot.conftest import Emacs

pytestmark = pytest.mark.editor

TYPED = "x = '🙂' + "

BEFORE = """
(setq native-comp-jit-compilation nil native-comp-enable-subr-trampolines nil
      inhibit-startup-screen t make-backup-files nil create-lockfiles nil auto-save-default nil)
"""
# A user who does not like to wait; and a terminal has no C-<return>.
BEHIND = """
(setq lsp-client-packages '(lsp-copilot) lsp-auto-guess-root t lsp-enable-file-watchers nil
      lsp-inline-completion-idle-delay 0.1 lsp-idle-delay 0.1 lsp-copilot-auth-check-delay 1
      lsp-headerline-breadcrumb-enable nil lsp-modeline-diagnostics-enable nil)
(load "lsp-mode-autoloads")
(require 'lsp-mode)
(require 'lsp-inline-completion)
(lsp-inline-completion--define-key
 lsp-inline-completion-active-map (kbd "C-j") #'lsp-inline-completion-accept 'keep)
(add-hook 'lsp-after-open-hook (lambda () (write-region "" nil "%s")))
(add-hook 'python-mode-hook #'lsp)
"""


def test_ghost_text_is_seen_and_accepted_and_the_acceptance_is_on_record(
    emacs: Emacs,
    lines: Callable[[str], str],
    recorded: Callable[[], dict[str, Any]],
    suggested: str,
    tmp_path: Path,
) -> None:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    source = project / "source.py"
    source.write_text("first = 1\n", encoding="utf-8")
    opened = tmp_path / "opened"
    emacs.open(BEFORE + lines("lsp-mode") + BEHIND % opened, source)
    emacs.wait("the server to be told of the file", opened.exists)

    emacs.keys("M->")
    emacs.type(TYPED)
    whole = TYPED + suggested
    emacs.wait("the ghost text on the screen", lambda: whole in emacs.screen())
    assert source.read_text(encoding="utf-8") == "first = 1\n"

    emacs.keys("C-j")
    emacs.wait("the acceptance on record", lambda: recorded().get("accepted"))
    emacs.keys("C-x", "C-s")
    emacs.wait("the file to be saved", lambda: source.stat().st_size > len("first = 1\n"))
    assert source.read_bytes() == f"first = 1\n{whole}\n".encode()
    assert recorded()["accepted"] == 1
    emacs.keys("M-x")
    emacs.type("lsp-copilot-check-status")
    emacs.keys("Enter")
    emacs.wait("the client to be content", lambda: "Authenticated as ghostlap" in emacs.screen())
