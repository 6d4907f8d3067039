// What becomes of the suggestion that was sent last, told by the stable API alone: what is typed after
// it says how much of it was taken over. No event says that ghost text was drawn or dismissed.
import * as vscode from "vscode";

import { now } from "./clock";
import { ACCEPTED_COMMAND, type Reason, type Tell } from "./protocol";

const PERSISTENCE_CHECKS_S = [30, 120, 300, 600];

/** One suggestion, from its answer to whatever ends it. Offsets are of the document. */
interface Current {
  readonly id: number;
  readonly uri: string;
  /** What is left of it from `offset` on. */
  rest: string;
  offset: number;
}

export class Suggestions implements vscode.Disposable {
  private current: Current | undefined;
  private keyMs: number | undefined;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly listeners: vscode.Disposable[];

  constructor(private readonly tell: Tell) {
    this.listeners = [
      vscode.workspace.onDidChangeTextDocument((event) => {
        this.changed(event);
      }),
      vscode.window.onDidChangeActiveTextEditor(() => {
        this.end("left");
      }),
    ];
  }

  dispose(): void {
    for (const each of this.listeners) {
      each.dispose();
    }
    for (const timer of this.timers) {
      clearTimeout(timer);
    }
  }

  /** When the document last changed: the first that an extension learns of a key. */
  takeKey(): number | undefined {
    const at = this.keyMs;
    this.keyMs = undefined;
    return at;
  }

  /** Note what an answer brought, which the editor draws from now on. */
  answered(
    document: vscode.TextDocument,
    position: vscode.Position,
    items: readonly vscode.InlineCompletionItem[],
    keyMs: number | undefined,
  ): void {
    const receivedMs = now();
    const [item] = items;
    const id = idOf(item);
    if (item === undefined || id === undefined) {
      return;
    }
    this.end("replaced");
    const text = typeof item.insertText === "string" ? item.insertText : item.insertText.value;
    this.current = { id, uri: document.uri.toString(), rest: text, offset: document.offsetAt(position) };
    this.tell("shown", { id, keyMs, receivedMs });
  }

  /** Note that all of a suggestion was taken over: the server learns it by the item's command. */
  accepted(id: number): void {
    if (this.current?.id === id) {
      this.end("accepted");
    }
  }

  private changed(event: vscode.TextDocumentChangeEvent): void {
    if (event.contentChanges.length === 0) {
      return;
    }
    this.keyMs = now();
    const current = this.current;
    if (current?.uri !== event.document.uri.toString()) {
      return;
    }
    const [change] = event.contentChanges;
    const isOne = event.contentChanges.length === 1 && change !== undefined;
    if (!isOne || change.rangeOffset !== current.offset || !current.rest.startsWith(change.text)) {
      this.end("typed");
      return;
    }
    this.tookOver(event.document, current, change.text);
  }

  private tookOver(document: vscode.TextDocument, current: Current, text: string): void {
    const { id, rest, offset } = current;
    current.rest = rest.slice(text.length);
    current.offset += text.length;
    if (current.rest === "") {
      this.watch(document, id, offset, text);
      return; // the item's command follows, which says so
    }
    // A key brings one character; more come from a command of the editor's.
    if (text.length > 1) {
      const kind = text === rest.split("\n", 1)[0] ? "line" : "word";
      this.tell("partiallyAccepted", { id, length: Array.from(text).length, kind, atMs: now() });
      this.watch(document, id, offset, text);
    }
  }

  private end(reason: Reason): void {
    if (this.current !== undefined) {
      this.tell("hidden", { id: this.current.id, reason, atMs: now() });
      this.current = undefined;
    }
  }

  /** Look again, some time later, at what was taken over. */
  private watch(document: vscode.TextDocument, id: number, offset: number, text: string): void {
    let start = offset;
    const follow = vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document === document) {
        for (const change of event.contentChanges) {
          if (change.rangeOffset + change.rangeLength <= start) {
            start += change.text.length - change.rangeLength;
          }
        }
      }
    });
    const last = PERSISTENCE_CHECKS_S.at(-1);
    for (const afterS of PERSISTENCE_CHECKS_S) {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        if (!document.isClosed) {
          const there = document.getText().slice(start, start + text.length);
          this.tell("persisted", { id, afterS, length: sameFrom(text, there) });
        }
        if (afterS === last) {
          follow.dispose();
        }
      }, afterS * 1000);
      this.timers.add(timer);
    }
  }
}

export function idOf(item: vscode.InlineCompletionItem | undefined): number | undefined {
  const command = item?.command;
  const id: unknown = command?.command === ACCEPTED_COMMAND ? command.arguments?.[0] : undefined;
  return typeof id === "number" ? id : undefined;
}

/** How many characters of `text` are there, from either end. */
function sameFrom(text: string, there: string): number {
  const [old, now] = [Array.from(text), Array.from(there)];
  let first = 0;
  while (first < old.length && old[first] === now[first]) {
    first++;
  }
  return first;
}
