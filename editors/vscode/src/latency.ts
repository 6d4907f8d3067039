// The latency view: the report's page where the server's environment makes one, else its figures.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";

const EVERY_MS = 10_000;

export type Ask = (...args: string[]) => Promise<string>;

let open: vscode.WebviewPanel | undefined;

/** Show the page beside the code, made anew while it is looked at. */
export async function showLatency(ask: Ask): Promise<void> {
  if (open !== undefined) {
    open.reveal();
    return;
  }
  const panel = vscode.window.createWebviewPanel(
    "ghostlap.latency",
    "ghostlap: latency",
    { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
    { enableScripts: true, retainContextWhenHidden: false, localResourceRoots: [] },
  );
  open = panel;
  let last = "";
  const draw = async (): Promise<void> => {
    const page = await pageOf(ask);
    if (page !== last && open === panel) {
      last = page;
      panel.webview.html = page;
    }
  };
  const timer = setInterval(() => {
    if (panel.visible) {
      void draw();
    }
  }, EVERY_MS);
  panel.onDidDispose(() => {
    clearInterval(timer);
    open = undefined;
  });
  await draw();
}

async function pageOf(ask: Ask): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "ghostlap-"));
  const file = path.join(folder, "report.html");
  try {
    await ask("report", "-o", file);
    return await readFile(file, "utf8");
  } catch {
    return await plainPage(ask);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function plainPage(ask: Ask): Promise<string> {
  const text = await ask("stats").catch((error: unknown) => String(error));
  const safe = text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>ghostlap: latency</title>
<style>pre { font-family: var(--vscode-editor-font-family); color: var(--vscode-foreground); }</style>
</head>
<body><h1>Latency of suggestions</h1><pre>${safe}</pre></body>
</html>`;
}
