#!/usr/bin/env bash
# usage: fetch-emacs.sh TARGET
# Leaves Debian's Emacs runnable as TARGET/bin/emacs, with lsp-mode 10, which has a Copilot client, on
# its load path; and tmux as TARGET/bin/tmux.
# About 400 MB and a minute; nothing to do when it stands.
set -euo pipefail
. "$(dirname "$0")/../debian.sh"

root=$(mkdir -p "$1" && cd "$1" && pwd)
export HOME="$root" # else it may make a folder in the user's home
# Compiling to machine code would take the C compiler of the same suite.
batch() {
  "$root/bin/emacs" -Q --batch --eval '(setq native-comp-jit-compilation nil
    native-comp-enable-subr-trampolines nil)' "$@"
} >/dev/null 2>&1
stands() {
  batch --eval "(load \"lsp-mode-autoloads\")" --eval "(require 'lsp-copilot)" && "$root/bin/tmux" -V
} >/dev/null 2>&1

emacs_with_packages() {
  local share dump packages
  share=$(echo "$root"/usr/share/emacs/[0-9]*)
  dump=$(echo "$root"/usr/libexec/emacs/*/*/emacs-*.pdmp)
  packages=$(printf '%s:' "$root"/usr/share/emacs/site-lisp/elpa-src/*)
  {
    echo '#!/bin/sh'
    printf 'export EMACSLOADPATH=%q EMACSDATA=%q EMACSDOC=%q EMACSPATH=%q\n' \
      "$packages$share/lisp" "$share/etc" "$share/etc" "$root/usr/bin"
    printf 'exec %q --dump-file %q "$@"\n' "$root/usr/bin/emacs-nox" "$dump"
  } >"$root/bin/emacs"
  chmod +x "$root/bin/emacs"
}

# Debian does both where it installs them: says what to load when, and compiles, since uncompiled they
# take seconds to load. Only what the tests load: lsp-mode knows 200 servers.
compile() (
  cd "$root/usr/share/emacs/site-lisp/elpa-src"
  batch --eval "(let ((folder (car (file-expand-wildcards \"lsp-mode-*\" t))))
    (loaddefs-generate folder (expand-file-name \"lsp-mode-autoloads.el\" folder)))"
  batch -f batch-byte-compile dash-*/*.el s-*/*.el f-*/*.el ht-*/*.el lv-*/*.el spinner-*/*.el \
    markdown-mode-*/*.el lsp-mode-*/lsp-{protocol,mode,inline-completion,copilot}.el
)

if ! stands; then
  unpack "forky sid" emacs-nox elpa-lsp-mode tmux
  tie emacs-nox "$lib"
  tie tmux "$lib"
  emacs_with_packages
  compile || true # what did not compile is loaded as it is
  stands || give_up "what was unpacked into $root does not run here"
fi
"$root/bin/emacs" --version | head -n 1
