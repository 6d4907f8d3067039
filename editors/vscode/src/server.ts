// How to start the server, as plain data: two that are equal need no restart.
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";

export interface ServerCommand {
  readonly command: readonly string[];
  /** Where it was found, for a person. */
  readonly from: string;
}

export class NoServer extends Error {}

/** The file in which `ghostlap editor install` notes the environment that it belongs to. */
export function notePath(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  const home = homedir();
  if (platform === "win32") {
    return path.join(env.LOCALAPPDATA ?? path.join(home, "AppData", "Local"), "ghostlap", "server.json");
  }
  if (platform === "darwin") {
    return path.join(home, "Library", "Application Support", "ghostlap", "server.json");
  }
  return path.join(env.XDG_CONFIG_HOME ?? path.join(home, ".config"), "ghostlap", "server.json");
}

/** By setting, then by the environment that installed the extension, then on PATH. */
export function findServer(setting: readonly string[], env: NodeJS.ProcessEnv = process.env): ServerCommand {
  const [named] = setting;
  if (named !== undefined) {
    if (locate(named, env) === undefined) {
      throw new NoServer(`${named}, which the setting ghostlap.server.command names, can't be run.`);
    }
    return { command: setting, from: "the setting ghostlap.server.command" };
  }
  const noted = readNote(notePath(env));
  if (noted !== undefined) {
    return noted;
  }
  const onPath = locate("ghostlap", env);
  if (onPath !== undefined) {
    return { command: [onPath, "serve"], from: "PATH" };
  }
  throw new NoServer(
    "There is no ghostlap on PATH: install it, or name its command in the setting ghostlap.server.command.",
  );
}

/** The command line of the server's own environment, for other things than to serve. */
export function commandLine(server: ServerCommand, ...args: string[]): string[] {
  const command = [...server.command];
  while (command.length > 1 && ["serve", "--stdio"].includes(command.at(-1) ?? "")) {
    command.pop();
  }
  return [...command, ...args];
}

function readNote(file: string): ServerCommand | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(file, "utf8"));
    const command = (note as { command?: unknown }).command;
    if (Array.isArray(command) && command.every((each) => typeof each === "string")) {
      const [program] = command;
      return program !== undefined && isFile(program) ? { command, from: file } : undefined;
    }
  } catch {
    // Nothing was noted, or nothing that can be read: there are other ways.
  }
  return undefined;
}

function locate(program: string, env: NodeJS.ProcessEnv): string | undefined {
  if (path.isAbsolute(program)) {
    return isFile(program) ? program : undefined;
  }
  const extensions = process.platform === "win32" ? [".exe", ".cmd", ""] : [""];
  for (const folder of (env.PATH ?? "").split(path.delimiter).filter(Boolean)) {
    for (const extension of extensions) {
      const file = path.join(folder, program + extension);
      if (isFile(file)) {
        return file;
      }
    }
  }
  return undefined;
}

function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
