#!/usr/bin/env bash
# usage: fetch-nvim.sh TARGET
# Leaves Debian's Neovim (0.12 or newer) and tmux runnable as TARGET/bin/nvim and TARGET/bin/tmux.
# About 70 MB and ten seconds; nothing to do when it stands.
set -euo pipefail
. "$(dirname "$0")/../debian.sh"

root=$(mkdir -p "$1" && cd "$1" && pwd)
export NVIM_LOG_FILE="$root/nvim.log" # else it makes one in the user's home
stands() { "$root/bin/nvim" --version && "$root/bin/tmux" -V; } >/dev/null 2>&1

if ! stands; then
  unpack "forky sid" neovim tmux
  tie nvim "$lib" VIMRUNTIME="$root/usr/share/nvim/runtime"
  tie tmux "$lib"
  stands || give_up "what was unpacked into $root does not run here"
fi
"$root/bin/nvim" --version | head -n 1
