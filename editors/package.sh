#!/usr/bin/env bash
# usage: package.sh NODE      NODE: the folder of Node's own bin/ and lib/
# Builds editors/vscode/ghostlap.vsix from what package-lock.json names.
set -euo pipefail
node=$(cd "$1" && pwd)
export PATH="$node/bin:$PATH"
cd "$(dirname "$0")/vscode"

npm() { node "$node/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
# Scripts of packages would fetch or build native modules; nothing here needs them.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.stands ]; then
  npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
  touch node_modules/.stands
fi
node esbuild.mjs
cp ../../LICENSE .
node node_modules/@vscode/vsce/vsce package --no-dependencies --allow-missing-repository \
  --out ghostlap.vsix >/dev/null
