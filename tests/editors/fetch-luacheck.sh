#!/usr/bin/env bash
# usage: fetch-luacheck.sh TARGET
# Leaves Debian's luacheck runnable as TARGET/bin/luacheck. About 40 MB; nothing to do when it stands.
set -euo pipefail
. "$(dirname "$0")/../debian.sh"

root=$(mkdir -p "$1" && cd "$1" && pwd)
stands() { "$root/bin/luacheck" --version; } >/dev/null 2>&1

if ! stands; then
  unpack "forky sid trixie" lua-check lua5.1
  tie lua5.1 "$lib"
  modules=$root/usr/share/lua/5.1 native=$lib/lua/5.1
  {
    echo '#!/bin/sh'
    printf 'export LUA_PATH=%q LUA_CPATH=%q\n' "$modules/?.lua;$modules/?/init.lua" "$native/?.so"
    printf 'exec %q %q "$@"\n' "$root/bin/lua5.1" "$root/usr/bin/luacheck"
  } >"$root/bin/luacheck"
  chmod +x "$root/bin/luacheck"
  stands || give_up "what was unpacked into $root does not run here"
fi
"$root/bin/luacheck" --version | head -n 1
