#!/usr/bin/env bash
# usage: fetch-nvim.sh TARGET [SUITE…]
# Leaves Debian's Neovim and tmux runnable as TARGET/bin/nvim and TARGET/bin/tmux: Neovim of the first
# suite that gives it, by default 0.12 or newer.
# About 70 MB and ten seconds; nothing to do when it stands.
set -euo pipefail
. "$(dirname "$0")/../debian.sh"

root=$(mkdir -p "$1" && cd "$1" && pwd)
suites=${*:2}
export NVIM_LOG_FILE="$root/nvim.log" # else it makes one in the user's home
stands() { "$root/bin/nvim" --version && "$root/bin/tmux" -V; } >/dev/null 2>&1

if ! stands; then
  unpack "${suites:-forky sid}" neovim tmux
  tie nvim "$lib" VIMRUNTIME="$root/usr/share/nvim/runtime"
  tie tmux "$lib"
  stands || give_up "what was unpacked into $root does not run here"
fi
"$root/bin/nvim" --version | head -n 1
