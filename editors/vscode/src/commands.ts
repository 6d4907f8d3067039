// What stands in the command palette.
import { execFile } from "node:child_process";
import * as vscode from "vscode";

import type { Server } from "./client";
import { showLatency } from "./latency";
import type { Status } from "./protocol";
import { commandLine } from "./server";
import type { StatusBar } from "./status";

const LONGEST_MS = 60_000;

interface Choice extends vscode.QuickPickItem {
  readonly value: string;
}

export class Commands {
  constructor(
    private readonly server: Server,
    private readonly bar: StatusBar,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  register(): vscode.Disposable[] {
    const all: Record<string, () => unknown> = {
      toggleHedging: () => this.run("ghostlap.hedge.toggle"),
      chooseProvider: () => this.chooseProvider(),
      chooseEagerness: () => this.chooseEagerness(),
      pauseHere: () => this.pause("document", true),
      pauseLanguage: () => this.pause("language", true),
      resume: () => this.resume(),
      showLatency: () => showLatency((...args) => this.ask(...args)),
      showTrace: () => this.show("ghostlap trace", "trace", "last"),
      doctor: () => this.show("ghostlap doctor", "doctor"),
      openConfig: () => this.openConfig(),
      restart: () => this.server.restart(),
      showLog: () => {
        this.log.show();
      },
      menu: () => this.menu(),
    };
    return Object.entries(all).map(([name, run]) => vscode.commands.registerCommand(`ghostlap.${name}`, run));
  }

  /** Run a command of the server's, and show the state it leads to. */
  private async run(command: string, ...args: unknown[]): Promise<void> {
    try {
      const status = await this.server.execute(command, ...args);
      if (status === undefined) {
        await this.offerRestart();
      } else {
        this.bar.update(status);
      }
    } catch (error) {
      void vscode.window.showWarningMessage(`ghostlap: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private async offerRestart(): Promise<void> {
    const message = this.bar.current.message ?? "No server runs.";
    const chosen = await vscode.window.showErrorMessage(`ghostlap: ${message}`, "Restart Server", "Show Log");
    if (chosen === "Restart Server") {
      await this.server.restart();
    } else if (chosen === "Show Log") {
      this.log.show();
    }
  }

  private async chooseProvider(): Promise<void> {
    const another: Choice = {
      label: "Another…",
      description: "who is named in the configuration file can be chosen here",
      value: "",
    };
    const choices = [...(await this.providers()), another];
    const chosen = await vscode.window.showQuickPick(choices, { title: "Who completes?", matchOnDescription: true });
    if (chosen === another) {
      await this.openConfig();
    } else if (chosen !== undefined) {
      await this.run("ghostlap.provider.select", chosen.value);
    }
  }

  private async providers(): Promise<Choice[]> {
    const rows: Choice[] = [];
    try {
      const listed: unknown = JSON.parse(await this.ask("providers", "--json"));
      for (const each of providerRows(listed)) {
        rows.push({ label: each.name, description: each.about, value: each.name });
      }
    } catch (error) {
      this.log.warn(`The providers could not be listed: ${String(error)}`);
    }
    if (!rows.some((row) => row.value === "embedded")) {
      rows.unshift({ label: "embedded", description: "no model, no key, no network", value: "embedded" });
    }
    return rows;
  }

  private async chooseEagerness(): Promise<void> {
    const choices: Choice[] = [
      { label: "eager", description: "ask at once after every key", value: "eager" },
      { label: "balanced", description: "wait as the configuration says", value: "balanced" },
      { label: "calm", description: "ask only when the typing pauses", value: "calm" },
    ];
    const chosen = await vscode.window.showQuickPick(choices, { title: "How soon is a remote provider asked?" });
    if (chosen !== undefined) {
      await this.run("ghostlap.eagerness", chosen.value);
    }
  }

  private async pause(scope: "document" | "language", on: boolean): Promise<void> {
    const document = vscode.window.activeTextEditor?.document;
    if (document !== undefined) {
      const name = scope === "document" ? document.uri.toString() : document.languageId;
      await this.run("ghostlap.pause", { scope, on, name });
    }
  }

  private async resume(): Promise<void> {
    await this.pause("document", false);
    await this.pause("language", false);
    await this.run("ghostlap.pause", { scope: "all", on: false });
  }

  private async openConfig(): Promise<void> {
    const file = vscode.Uri.file((await this.ask("config", "path")).trim());
    try {
      await vscode.workspace.fs.stat(file);
    } catch {
      const text = "# See `ghostlap config show` for every setting.\n";
      await vscode.workspace.fs.writeFile(file, Buffer.from(text));
    }
    await vscode.window.showTextDocument(file);
  }

  private async show(title: string, ...args: string[]): Promise<void> {
    const content = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title },
      () => this.ask(...args).catch((error: unknown) => String(error)),
    );
    const document = await vscode.workspace.openTextDocument({ content, language: "plaintext" });
    await vscode.window.showTextDocument(document, { preview: true });
  }

  /** What the command line of the server's environment prints. */
  private ask(...args: string[]): Promise<string> {
    const server = this.server.command;
    if (server === undefined) {
      return Promise.reject(new Error(this.bar.current.message ?? "No server was found."));
    }
    const [program = "", ...rest] = commandLine(server, ...args);
    const env = { ...process.env, COLUMNS: "160", NO_COLOR: "1", PYTHONIOENCODING: "utf-8" };
    return new Promise((resolve, reject) => {
      execFile(program, rest, { env, timeout: LONGEST_MS, maxBuffer: 1 << 26 }, (error, out, said) => {
        if (error !== null && out === "") {
          reject(new Error(said.trim() || error.message));
        } else {
          resolve(out + said);
        }
      });
    });
  }

  private async menu(): Promise<void> {
    const { state, message }: Status = this.bar.current;
    const entries = [
      ["Choose Provider", "chooseProvider"],
      ["Toggle Hedging", "toggleHedging"],
      ["Choose How Eager", "chooseEagerness"],
      ["Pause for This Document", "pauseHere"],
      ["Pause for This Language", "pauseLanguage"],
      ["Resume", "resume"],
      ["Show Latency", "showLatency"],
      ["Show Last Trace", "showTrace"],
      ["Run Doctor", "doctor"],
      ["Show Log", "showLog"],
      ["Restart Server", "restart"],
    ] as const;
    const items: Choice[] = entries.map(([label, value]) => ({ label, value }));
    const options: vscode.QuickPickOptions = { title: "ghostlap" };
    if (state === "error" && message) {
      options.placeHolder = message;
    }
    const chosen = await vscode.window.showQuickPick(items, options);
    if (chosen !== undefined) {
      await vscode.commands.executeCommand(`ghostlap.${chosen.value}`);
    }
  }
}

/** Those that the user's file mentions: a folder is not to choose where code is sent. */
function providerRows(listed: unknown): { name: string; about: string }[] {
  const rows: unknown = Array.isArray(listed) ? listed : (listed as { providers?: unknown }).providers;
  if (!Array.isArray(rows)) {
    return [];
  }
  return rows.flatMap((row: unknown) => {
    const { name, hardware, model, configured, primary } = row as Record<string, unknown>;
    if (configured !== true && primary !== true) {
      return [];
    }
    const about = [hardware, model].filter((each) => typeof each === "string" && each !== "").join(" · ");
    return typeof name === "string" ? [{ name, about }] : [];
  });
}
