// The status bar item: who is asked, how hedging stands, how fast it was; or what to do about an error.
import * as vscode from "vscode";

import { modeOf, type Status } from "./protocol";

export class StatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private status: Status = { state: "starting" };
  private readonly excluded = new Map<string, string>();
  private readonly listener: vscode.Disposable;

  constructor() {
    this.item = vscode.window.createStatusBarItem("ghostlap.status", vscode.StatusBarAlignment.Right, 100);
    this.item.name = "ghostlap";
    this.item.command = "ghostlap.menu";
    this.listener = vscode.window.onDidChangeActiveTextEditor(() => {
      this.draw();
    });
    this.draw();
    this.item.show();
  }

  dispose(): void {
    this.listener.dispose();
    this.item.dispose();
  }

  get current(): Status {
    return this.status;
  }

  /** Put what the server says above what it said before. */
  update(news: Status): void {
    if (news.uri !== undefined && news.excluded !== undefined) {
      if (news.excluded === null) {
        this.excluded.delete(news.uri);
      } else {
        this.excluded.set(news.uri, news.excluded);
      }
    } else {
      this.status = { ...this.status, ...news };
    }
    this.draw();
  }

  /** Forget what an older server said. */
  reset(status: Status): void {
    this.status = status;
    this.excluded.clear();
    this.draw();
  }

  private draw(): void {
    const { state, message } = this.status;
    const uri = vscode.window.activeTextEditor?.document.uri.toString() ?? "";
    const kept = this.excluded.get(uri);
    this.item.backgroundColor = undefined;
    if (state === "error") {
      this.item.text = "$(error) ghostlap";
      this.item.backgroundColor = new vscode.ThemeColor("statusBarItem.errorBackground");
      this.item.tooltip = message ?? "The log says what happened.";
    } else if (state === "starting") {
      this.item.text = "$(loading~spin) ghostlap";
      this.item.tooltip = "ghostlap starts.";
    } else if (state === "paused") {
      this.item.text = "$(debug-pause) ghostlap";
      this.item.tooltip = "ghostlap is paused.";
    } else if (kept !== undefined) {
      this.item.text = "$(eye-closed) ghostlap";
      this.item.tooltip = `Nothing of this document is sent: ${kept}`;
    } else {
      this.item.text = `$(sparkle) ${this.words().join(" · ")}`;
      this.item.tooltip = this.explanation();
    }
  }

  private words(): string[] {
    const { primary, p50Ms, indexing } = this.status;
    const words = [primary ?? "ghostlap"];
    const mode = modeOf(this.status);
    if (mode !== "off") {
      words.push(mode);
    }
    if (p50Ms !== undefined) {
      words.push(`${p50Ms.toFixed(0)} ms`);
    }
    if (typeof indexing === "number") {
      words.push(`indexes, ${indexing.toFixed(0)}%`);
    }
    return words;
  }

  private explanation(): string {
    const { primary, p50Ms, shown } = this.status;
    const lines = [`asks: ${primary ?? "not known yet"}`, `hedging: ${modeOf(this.status)}`];
    if (p50Ms !== undefined) {
      lines.push(`median of the last ${shown ?? 0} suggestions: ${p50Ms.toFixed(0)} ms`);
    }
    return lines.join("\n");
  }
}
