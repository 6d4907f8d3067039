#!/usr/bin/env bash
# usage: fetch-vscode.sh NODE TARGET      NODE: the folder of Node's own bin/ and lib/
# Leaves VS Code, as code-server has it from npm, runnable as TARGET/bin/code-server, and playwright-core,
# which drives it, in TARGET/node_modules. About 700 MB and half a minute; nothing to do when it stands.
set -euo pipefail
give_up() {
  echo "fetch-vscode: $1" >&2
  exit 1
}

node=$(cd "$1" && pwd) root=$(mkdir -p "$2" && cd "$2" && pwd)
code=$root/node_modules/code-server
host=$code/lib/vscode/out/vs/workbench/api/node/extensionHostProcess.js
export PATH="$node/bin:$PATH" npm_config_cache="${npm_config_cache:-$root/npm}"

# Scripts would fetch or build native modules; the editor and its extension host do without them.
npm_install() {
  node "$node/lib/node_modules/npm/bin/npm-cli.js" install --ignore-scripts --omit=dev \
    --omit=optional --no-audit --no-fund --no-update-notifier --loglevel=error "$@" >/dev/null
}

if [ ! -e "$root/stands" ]; then
  rm -rf "$root/node_modules" "$root"/package*.json
  npm_install --prefix "$root" code-server@4.139.1 playwright-core@1.65.1 ||
    give_up "npm gave no code-server"
  npm_install --prefix "$code/lib/vscode" || give_up "npm gave not all that VS Code needs"

  # code-server lets every extension use proposed API. As in VS Code, only those that ask get it:
  # what does not pass here would not pass there.
  sed -i.was -E 's/(function \w+\(i,t\)\{return)!0(\}function \w+\(i,t\)\{if\(!\w+\(i,t\)\)throw new Error\(`Extension )/\1(i.enabledApiProposals||[]).includes(t)\2/' "$host"
  grep -q 'return(i.enabledApiProposals||\[\])' "$host" ||
    give_up "this VS Code lets extensions use proposed API, and the gate could not be put back"

  mkdir -p "$root/bin"
  printf '#!/bin/sh\nexec %q %q "$@"\n' "$node/bin/node" "$code/out/node/entry.js" \
    >"$root/bin/code-server"
  chmod +x "$root/bin/code-server"
  "$root/bin/code-server" --version >/dev/null 2>&1 || give_up "what npm gave does not run here"
  rm -rf "$root/npm"
  touch "$root/stands"
fi
"$root/bin/code-server" --version
