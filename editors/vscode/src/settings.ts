// What the user has set, as the server takes it: an object of the shape of config.toml.
import * as vscode from "vscode";

export const SECTION = "ghostlap";
const OURS = new Set(["server.command", "restarts"]);

export interface OwnSettings {
  readonly command: readonly string[];
  readonly restarts: number;
}

export function ownSettings(): OwnSettings {
  const all = vscode.workspace.getConfiguration(SECTION);
  return {
    command: all.get<string[]>("server.command", []),
    restarts: all.get<number>("restarts", 4),
  };
}

/** Only what was set: a default of the editor would hide what stands in config.toml. */
export function serverSettings(names: readonly string[]): Record<string, unknown> {
  const all = vscode.workspace.getConfiguration(SECTION);
  const found: Record<string, unknown> = {};
  for (const name of names) {
    const seen = all.inspect(name);
    const value = seen?.workspaceFolderValue ?? seen?.workspaceValue ?? seen?.globalValue;
    if (value !== undefined) {
      put(found, name.split("."), value);
    }
  }
  return found;
}

/** The names of the settings that the server has, by what the extension contributes. */
export function serverSettingNames(manifest: unknown): string[] {
  const properties =
    (manifest as { contributes?: { configuration?: { properties?: object } } }).contributes?.configuration
      ?.properties ?? {};
  return Object.keys(properties)
    .map((name) => name.slice(SECTION.length + 1))
    .filter((name) => !OURS.has(name));
}

function put(into: Record<string, unknown>, trail: readonly string[], value: unknown): void {
  const [name, ...rest] = trail;
  if (name === undefined) {
    return;
  }
  if (rest.length === 0) {
    into[name] = value;
    return;
  }
  const below = (into[name] ??= {}) as Record<string, unknown>;
  put(below, rest, value);
}
