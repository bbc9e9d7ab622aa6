import type { ConnectionError } from "../errors.js";
import { PING_BYTES, pingNumber, writePing } from "../frame/ping.js";
import { nextTick, performance } from "../real-timers.js";
import type { Output } from "../send/output.js";

/**
 * Called once for each ping: with the time from writing it to its acknowledgement, in milliseconds, or with the error that ended the
 * connection before; never before `ping()` has returned.
 */
export type PingCallback = (roundTripMs: number, error: ConnectionError | null) => void;

interface WaitingPing {
  readonly number: number;
  readonly sentAt: number;
  readonly callback: PingCallback;
}

/** PINGs of ours that wait for their acknowledgement (RFC 9113 §6.7). */
export class Pings {
  private readonly output: Output;
  private readonly onThrow: (error: unknown) => void;
  private waiting: WaitingPing[] = [];
  private last = 0;
  /** Why the connection is over. */
  private ended: ConnectionError | null = null;

  /** @param onThrow gets what a callback throws */
  constructor(output: Output, onThrow: (error: unknown) => void) {
    this.output = output;
    this.onThrow = onThrow;
  }

  send(callback: PingCallback): void {
    const ping: WaitingPing = { number: ++this.last, sentAt: performance.now(), callback };
    if (this.ended !== null) {
      nextTick((error) => this.call(ping, Number.NaN, error), this.ended);
      return;
    }
    this.waiting.push(ping);
    this.output.reserve(PING_BYTES);
    this.output.at = writePing(this.output.buffer, this.output.at, this.last);
  }

  /** False for an acknowledgement of no ping of ours, which has no meaning and does no harm. */
  acknowledged(buffer: Uint8Array, start: number): boolean {
    const number = pingNumber(buffer, start);
    const index = this.waiting.findIndex((ping) => ping.number === number);
    const ping = this.waiting[index];
    if (ping === undefined) return false;
    this.waiting.splice(index, 1);
    this.call(ping, performance.now() - ping.sentAt, null);
    return true;
  }

  fail(error: ConnectionError): void {
    const { waiting } = this;
    this.ended = error;
    this.waiting = [];
    for (const ping of waiting) this.call(ping, Number.NaN, error);
  }

  private call(ping: WaitingPing, roundTripMs: number, error: ConnectionError | null): void {
    try {
      ping.callback(roundTripMs, error);
    } catch (thrown) {
      this.onThrow(thrown);
    }
  }
}
