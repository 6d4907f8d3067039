#!/usr/bin/env bash
# usage: fetch-chromium.sh TARGET
# Leaves Debian's Chromium runnable as TARGET/bin/chromium, for tests that look at pages: it has fonts
# of its own, and no sandbox, which a container does not grant and our own pages do not need.
# About 900 MB and a minute; nothing to do when it stands.
set -euo pipefail
. "$(dirname "$0")/../debian.sh"

root=$(mkdir -p "$1" && cd "$1" && pwd)
home=$root/usr/lib/chromium
stands() { "$root/bin/chromium" --version; } >/dev/null 2>&1

# Debian's configuration names the fonts of the system; ours those that were unpacked.
fonts() {
  cat >"$root/fonts.conf" <<END
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>$root/usr/share/fonts</dir>
  <cachedir>$root/fontconfig</cachedir>
  <include ignore_missing="yes">$root/etc/fonts/conf.d</include>
</fontconfig>
END
}

if ! stands; then
  unpack "forky sid trixie" chromium fonts-dejavu-core fonts-liberation
  fonts
  for program in chromium chrome_crashpad_handler; do
    "$ld" --library-path "$lib" "$root/usr/bin/patchelf" --set-interpreter "$ld" "$home/$program"
  done
  mkdir -p "$root/bin"
  {
    echo '#!/bin/sh'
    printf 'export FONTCONFIG_FILE=%q\n' "$root/fonts.conf"
    # Some libraries name the system's folders themselves, above what the program says.
    printf 'export LD_LIBRARY_PATH=%q\n' "$lib:$lib/pulseaudio"
    printf 'exec %q --no-sandbox --disable-gpu --disable-breakpad --disable-dev-shm-usage "$@"\n' \
      "$home/chromium"
  } >"$root/bin/chromium"
  chmod +x "$root/bin/chromium"
  stands || give_up "what was unpacked into $root does not run here"
fi
"$root/bin/chromium" --version
