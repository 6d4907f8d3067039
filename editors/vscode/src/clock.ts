// The server's monotonic clock by our own: editors/PROTOCOL.md, "Times".
import type { ClockAnswer } from "./protocol";

const PINGS = 8;

/** Milliseconds of our own monotonic clock. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class Clock {
  private offsetMs: number | undefined;

  /** A moment of our own clock on the server's; undefined before the two were compared. */
  atServer(ownMs: number | undefined): number | undefined {
    return this.offsetMs === undefined || ownMs === undefined ? undefined : ownMs + this.offsetMs;
  }

  /** Compare the clocks, of a server that was started just now. */
  async compare(ask: () => Promise<ClockAnswer>): Promise<void> {
    this.offsetMs = undefined;
    let shortest = Infinity;
    let offset = 0;
    for (let ping = 0; ping < PINGS; ping++) {
      const t0 = now();
      const { receivedMs, answeredMs } = await ask();
      const t3 = now();
      if (t3 - t0 < shortest) {
        shortest = t3 - t0;
        offset = (receivedMs - t0 + (answeredMs - t3)) / 2;
      }
    }
    this.offsetMs = offset;
  }
}
