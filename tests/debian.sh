# Sourced by the scripts that fetch a real program from Debian's packages, with all its libraries,
# libc included, into a folder of the project's cache, where it runs on an older system too. Nothing
# outside that folder is written, and no root is needed. After sourcing it, a script sets $root to
# the folder and calls `unpack`, then `tie` for each program.

give_up() {
  echo "$(basename "$0" .sh): $1" >&2
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

# download SUITE PACKAGE…: fetch the packages and their whole closure into $work/archives.
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
  "${apt[@]}" update && "${apt[@]}" install -y --download-only "${@:2}" patchelf >/dev/null
}

# unpack "SUITE…" PACKAGE…: the suites roll, so that when a package can't be resolved in one of them
# the next may have it. Leaves the files below $root, and their libraries' folder in $lib.
unpack() {
  local suite found uri key work
  command -v apt-get >/dev/null && command -v dpkg >/dev/null ||
    give_up "it comes from Debian's packages, and this system has no apt-get"
  found=$(mirror) || give_up "no Debian mirror in this machine's apt sources"
  read -r uri key <<<"$found"
  work=$(mktemp -d "$root/fetch.XXXXXX")
  trap 'rm -rf "$root"/fetch.*' EXIT
  for suite in $1; do
    if download "$suite" "${@:2}"; then
      for deb in "$work"/archives/*.deb; do dpkg -x "$deb" "$root"; done
      lib=$root/usr/lib/$(uname -m)-linux-gnu
      ld=$(echo "$lib"/ld-linux-*.so.*)
      return
    fi
  done
  give_up "no suite of $1 gave ${*:2}"
}

# tie PROGRAM FOLDERS [VARIABLE=VALUE…]: tie a program to the unpacked loader and to the libraries in
# the colon-separated FOLDERS, and leave $root/bin/PROGRAM, which sets the variables. Running it as
# `ld.so PROGRAM` would not do: a program that starts itself again would start ld.so.
tie() {
  "$ld" --library-path "$lib" "$root/usr/bin/patchelf" \
    --set-interpreter "$ld" --force-rpath --set-rpath "$2" "$root/usr/bin/$1"
  mkdir -p "$root/bin"
  {
    echo '#!/bin/sh'
    [ $# -lt 3 ] || printf 'export %q\n' "${@:3}"
    printf 'exec %q "$@"\n' "$root/usr/bin/$1"
  } >"$root/bin/$1"
  chmod +x "$root/bin/$1"
}
