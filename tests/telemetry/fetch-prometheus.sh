#!/usr/bin/env bash
# usage: fetch-prometheus.sh TARGET
# Leaves Debian's Prometheus (3 or newer) runnable as TARGET/bin/prometheus.
# About 150 MB and ten seconds; nothing to do when it stands.
set -euo pipefail
. "$(dirname "$0")/../debian.sh"

root=$(mkdir -p "$1" && cd "$1" && pwd)
stands() { "$root/bin/prometheus" --version | grep -q 'version [3-9]'; } 2>/dev/null

if ! stands; then
  unpack "forky sid" prometheus
  tie prometheus "$lib"
  stands || give_up "what was unpacked into $root does not run here, or is older than 3"
fi
"$root/bin/prometheus" --version 2>&1 | head -n 1
