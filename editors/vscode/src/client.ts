// The server's process and the language client: started, started anew, watched.
import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  State,
  type ErrorHandler,
  type LanguageClientOptions,
  type ServerOptions,
} from "vscode-languageclient/node";

import { Clock, now } from "./clock";
import { CLOCK, STATUS, type ClockAnswer, type Status } from "./protocol";
import { findServer, type ServerCommand } from "./server";
import { ownSettings, serverSettings } from "./settings";
import { Suggestions } from "./suggestion";

const WINDOW_MS = 180_000;
const TIMES = ["keyMs", "receivedMs", "renderedMs", "atMs"];

// Output channels, search results and the like are no documents that anybody types into.
const SELECTOR = ["file", "untitled", "vscode-notebook-cell", "vscode-vfs", "memfs"].map((scheme) => ({ scheme }));

export interface Observer {
  status(news: Status): void;
  reset(status: Status): void;
}

/** One server at a time. Calls to `restart` that come while one is under way become one. */
export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private running: ServerCommand | undefined;
  private starting: Promise<void> | undefined;
  private again = false;
  private ended: number[] = [];
  private readonly clock = new Clock();
  private readonly suggestions: Suggestions;

  constructor(
    private readonly observer: Observer,
    private readonly log: vscode.LogOutputChannel,
    private readonly names: readonly string[],
    private readonly version: string,
  ) {
    this.suggestions = new Suggestions((method, params) => {
      this.tell(method, params);
    });
  }

  dispose(): void {
    this.suggestions.dispose();
    void this.client?.dispose();
  }

  /** How the server that runs was started; undefined when none was found. */
  get command(): ServerCommand | undefined {
    return this.running;
  }

  async restart(): Promise<void> {
    if (this.starting !== undefined) {
      this.again = true;
      return this.starting;
    }
    this.starting = this.startOver();
    try {
      await this.starting;
    } finally {
      this.starting = undefined;
    }
  }

  /** Take changed settings over: by telling the server, or by starting the one that is named now. */
  async configure(): Promise<void> {
    let wanted: ServerCommand | undefined;
    try {
      wanted = findServer(ownSettings().command);
    } catch {
      wanted = undefined;
    }
    if (JSON.stringify(wanted?.command) !== JSON.stringify(this.running?.command)) {
      await this.restart();
    } else if (this.client?.state === State.Running) {
      const settings = { ghostlap: serverSettings(this.names) };
      await this.client.sendNotification("workspace/didChangeConfiguration", { settings });
    }
  }

  /** Run a command of the server's. Undefined when none runs. */
  async execute(command: string, ...args: unknown[]): Promise<Status | undefined> {
    if (this.client?.state !== State.Running) {
      return undefined;
    }
    const params = { command, arguments: args };
    const answer: unknown = await this.client.sendRequest("workspace/executeCommand", params);
    return typeof answer === "object" && answer !== null ? answer : {};
  }

  private async startOver(): Promise<void> {
    do {
      this.again = false;
      this.ended = [];
      await this.stop();
      await this.start();
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set while we waited
    } while (this.again);
  }

  private async stop(): Promise<void> {
    const old = this.client;
    this.client = undefined;
    this.running = undefined;
    try {
      await old?.dispose();
    } catch (error) {
      this.log.warn(`The old server did not end as it should: ${String(error)}`);
    }
  }

  private async start(): Promise<void> {
    this.observer.reset({ state: "starting" });
    try {
      const found = findServer(ownSettings().command);
      this.running = found;
      this.log.info(`Starting ${found.command.join(" ")}, found by ${found.from}.`);
      this.client = this.make(found);
      await this.client.start();
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  private fail(message: string): void {
    this.log.error(message);
    this.observer.reset({ state: "error", message });
  }

  private make(found: ServerCommand): LanguageClient {
    const [command = "", ...args] = found.command;
    const server: ServerOptions = { command, args };
    const client = new LanguageClient("ghostlap", "ghostlap", server, this.options());
    client.registerFeature({
      fillClientCapabilities: (capabilities) => {
        capabilities.experimental = { ...(capabilities.experimental as object), ghostlapStatus: true };
      },
      initialize: () => undefined,
      getState: () => ({ kind: "static" as const }),
      clear: () => undefined,
    });
    client.onNotification(STATUS, (news: Status) => {
      this.observer.status(news);
    });
    client.onDidChangeState((change) => {
      if (change.newState === State.Running) {
        this.ready(client);
      }
    });
    return client;
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: SELECTOR,
      initializationOptions: serverSettings(this.names),
      outputChannel: this.log,
      errorHandler: this.errorHandler(),
      middleware: {
        provideInlineCompletionItems: async (document, position, context, token, next) => {
          const keyMs = this.suggestions.takeKey();
          const answer = await next(document, position, context, token);
          if (answer && !token.isCancellationRequested) {
            this.suggestions.answered(document, position, Array.isArray(answer) ? answer : answer.items, keyMs);
          }
          return answer;
        },
        executeCommand: (command, args, next) => {
          if (command === "ghostlap.accepted" && typeof args[0] === "number") {
            this.suggestions.accepted(args[0]);
          }
          return next(command, args) as unknown;
        },
      },
    };
  }

  private ready(client: LanguageClient): void {
    const told = client.initializeResult?.serverInfo;
    if (client.initializeResult?.capabilities.inlineCompletionProvider === undefined) {
      this.fail("The command that was found is no ghostlap server: see the setting ghostlap.server.command.");
      return;
    }
    if (told?.version !== undefined && major(told.version) !== major(this.version)) {
      this.fail(
        `The server is ${told.version}, the extension ${this.version}: ` +
          "run `ghostlap editor install vscode` to have those that belong together.",
      );
      return;
    }
    this.observer.status({ state: "ready" });
    this.clock
      .compare(() => client.sendRequest<ClockAnswer>(CLOCK, {}))
      .catch((error: unknown) => {
        this.log.info(`The clocks were not compared: ${String(error)}`);
      });
    this.execute("ghostlap.status").then(
      (status) => {
        if (status !== undefined) {
          this.observer.status(status);
        }
      },
      () => undefined, // an older server has no such command
    );
  }

  private errorHandler(): ErrorHandler {
    return {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        const at = now();
        this.ended = [...this.ended.filter((each) => at - each < WINDOW_MS), at];
        if (this.ended.length <= ownSettings().restarts) {
          this.log.warn("The server ended, and is started anew.");
          this.observer.reset({ state: "starting" });
          return { action: CloseAction.Restart, handled: true };
        }
        this.fail("The server ended again and again: the log may say why; “Restart Server” tries once more.");
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    };
  }

  private tell(method: string, params: Record<string, unknown>): void {
    if (this.client?.state !== State.Running) {
      return;
    }
    const sent = { ...params };
    for (const name of TIMES.filter((each) => each in sent)) {
      sent[name] = this.clock.atServer(sent[name] as number | undefined);
    }
    void this.client.sendNotification(`ghostlap/${method}`, sent);
  }
}

function major(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}
