// What ghostlap says beyond LSP, and hears: see editors/PROTOCOL.md.

export interface Status {
  readonly state?: "starting" | "ready" | "paused" | "error";
  readonly message?: string;
  readonly primary?: string;
  /** As the setting of this name has it. */
  readonly hedge?: unknown;
  readonly p50Ms?: number;
  readonly shown?: number;
  /** How much of the workspace is indexed, in percent; null: all that is going to be. */
  readonly indexing?: number | null;
  readonly uri?: string;
  /** Why nothing of the document `uri` is sent; null: it is sent again. */
  readonly excluded?: string | null;
}

export interface ClockAnswer {
  readonly receivedMs: number;
  readonly answeredMs: number;
}

export const CLOCK = "ghostlap/clock";
export const STATUS = "ghostlap/status";
export const ACCEPTED_COMMAND = "ghostlap.accepted";

/** How hedging stands, in one word. */
export function modeOf({ hedge }: Status): string {
  return typeof hedge === "string" ? hedge : hedge === undefined ? "off" : "hedging";
}

export type Reason = "accepted" | "dismissed" | "typed" | "replaced" | "left";

/** Where reports go; the times in them are our own until they are sent. */
export type Tell = (method: string, params: Record<string, unknown>) => void;
