#!/usr/bin/env bash
# usage: fetch-victoria-metrics.sh TARGET
# Leaves Debian's VictoriaMetrics runnable as TARGET/bin/victoria-metrics: it takes OTLP, exponential
# histograms included, and computes quantiles. (Debian builds Prometheus without its OTLP receiver.)
# About 100 MB and ten seconds; nothing to do when it stands.
set -euo pipefail
. "$(dirname "$0")/../debian.sh"

root=$(mkdir -p "$1" && cd "$1" && pwd)
stands() { "$root/bin/victoria-metrics" --version; } >/dev/null 2>&1

if ! stands; then
  unpack "forky sid" victoria-metrics
  tie victoria-metrics "$lib"
  stands || give_up "what was unpacked into $root does not run here"
fi
echo "VictoriaMetrics stands"
