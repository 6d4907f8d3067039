#!/usr/bin/env bash
# usage: fetch-llama-server.sh TARGET
# Leaves Debian's llama.cpp server runnable as TARGET/bin/llama-server, with its plainest CPU backend.
# About 120 MB and ten seconds; nothing to do when it stands.
set -euo pipefail
. "$(dirname "$0")/../../debian.sh"

root=$(mkdir -p "$1" && cd "$1" && pwd)
stands() { "$root/bin/llama-server" --version; } >/dev/null 2>&1

if ! stands; then
  unpack "sid forky" llama.cpp-tools
  backend=$(find "$lib/ggml" -name 'libggml-cpu-x64.so' -o -name 'libggml-cpu.so' | head -n 1)
  tie llama-server "$lib:$lib/llama" LD_LIBRARY_PATH="$lib:$lib/llama" \
    ${backend:+GGML_BACKEND_PATH="$backend"}
  stands || give_up "what was unpacked into $root does not run here"
fi
"$root/bin/llama-server" --version 2>&1 | head -n 1
