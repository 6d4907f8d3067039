// Wires the parts together, and does nothing else.
import * as vscode from "vscode";

import { Server } from "./client";
import { Commands } from "./commands";
import { SECTION, serverSettingNames } from "./settings";
import { StatusBar } from "./status";

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("ghostlap", { log: true });
  const bar = new StatusBar();
  const manifest = context.extension.packageJSON as { version: string };
  const observer = {
    status: bar.update.bind(bar),
    reset: bar.reset.bind(bar),
  };
  const server = new Server(observer, log, serverSettingNames(manifest), manifest.version);
  context.subscriptions.push(
    log,
    bar,
    server,
    ...new Commands(server, bar, log).register(),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(SECTION)) {
        void server.configure();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      void server.configure();
    }),
  );
  await server.restart();
}
