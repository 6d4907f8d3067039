#!/usr/bin/env bash
# usage: fetch-nvim.sh TARGET
# Unpacks Debian's Neovim (0.12 or newer) and tmux with all their libraries, libc included, into
# TARGET and leaves TARGET/bin/nvim and TARGET/bin/tmux runnable on an older system. Writes nothing
# outside TARGET and needs no root. About 70 MB and ten seconds; nothing to do when it stands.
set -euo pipefail

suites=(forky sid) # rolling: when a package can't be resolved in one, the next has it

root=$(mkdir -p "$1" && cd "$1" && pwd)
lib=$root/usr/lib/$(uname -m)-linux-gnu

stands() { "$root/bin/nvim" --version && "$root/bin/tmux" -V; } >/dev/null 2>&1

give_up() {
  echo "fetch-nvim: $1" >&2
  exit 1
}

# Prints "URI KEYRING", or the URI alone: this machine's own Debian mirror, as apt reads it from
# either format of its sources. Only the keyring has to be looked up in the file that names the URI.
mirror() {
  local codename uri key list parts
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
  uri=$(apt-get --print-uris update | sed -nE \
    "s#^'(.*)/dists/($codename|stable|testing|unstable|sid)/InRelease'.*#\1#p" | head -n 1)
  [ -n "$uri" ] || return 1
  eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
  key=$(grep -lFs "$uri" "$list" "$parts"/*.list "$parts"/*.sources | head -n 1 |
    xargs -r sed -nE 's/^[^#]*[Ss]igned-[Bb]y[:=] *([^], ]+).*/\1/p' | head -n 1)
  echo "$uri $key"
}

# download SUITE: fetch the packages and their whole closure into $work/archives.
download() {
  rm -rf "$work"/{lists,archives} && mkdir -p "$work"/{lists,archives}/partial
  : >"$work/status" # an empty dpkg status makes apt resolve the full closure
  echo "deb ${key:+[signed-by=$key] }$uri $1 main" >"$work/sources.list"
  local apt=(apt-get -qq
    -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State="$work" -o Dir::State::Lists="$work/lists" -o Dir::State::Status="$work/status"
    -o Dir::Cache="$work" -o Dir::Cache::Archives="$work/archives"
    -o APT::Sandbox::User=root -o APT::Install-Recommends=0 -o Acquire::Languages=none
    -o Acquire::Check-Valid-Until=false) # a mirror that stands still is good enough for a test
  "${apt[@]}" update && "${apt[@]}" install -y --download-only neovim tmux patchelf >/dev/null
}

# tie NAME: tie the binary to the unpacked loader and libraries. Running it as `ld.so nvim` would
# not do: the TUI restarts /proc/self/exe, which would then be ld.so.
tie() {
  "$ld" --library-path "$lib" "$root/usr/bin/patchelf" \
    --set-interpreter "$ld" --force-rpath --set-rpath "$lib" "$root/usr/bin/$1"
  printf '#!/bin/sh\nVIMRUNTIME=%q exec %q "$@"\n' \
    "$root/usr/share/nvim/runtime" "$root/usr/bin/$1" >"$root/bin/$1"
  chmod +x "$root/bin/$1"
}

if ! stands; then
  command -v apt-get >/dev/null && command -v dpkg >/dev/null ||
    give_up "real Neovim comes from Debian's packages, and this system has no apt-get"
  found=$(mirror) || give_up "no Debian mirror in this machine's apt sources"
  read -r uri key <<<"$found"

  work=$(mktemp -d "$root/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$root/bin"

  for suite in "${suites[@]}"; do
    if download "$suite"; then break; fi
    [ "$suite" != "${suites[-1]}" ] || give_up "no suite of ${suites[*]} gave neovim and tmux"
  done
  for deb in "$work"/archives/*.deb; do dpkg -x "$deb" "$root"; done

  ld=$(echo "$lib"/ld-linux-*.so.*)
  tie nvim
  tie tmux
  stands || give_up "what was unpacked into $root does not run here"
fi
"$root/bin/nvim" --version | head -n 1
