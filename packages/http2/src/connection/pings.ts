import type { ConnectionError } from "../errors.js";
import { PING_BYTES, pingNumber, writePing } from "../frame/ping.js";
import { nextTick, performance } from "../real-timers.js";
import type { Output } from "../send/output.js";

/**
 * Receives the result of a ping: the time from writing the PING to its acknowledgement, in milliseconds, or the error
 * that ended the connection before. It is called exactly once, and never before `ping()` has returned.
 */
export type PingCallback = (roundTripMs: number, error: ConnectionError | null) => void;

interface WaitingPing {
  readonly number: number;
  readonly sentAt: number;
  readonly callback: PingCallback;
}

/** The PING frames that we have sent and that have not been acknowledged (RFC 9113 §6.7). */
export class Pings {
  private readonly output: Output;
  private readonly onThrow: (error: unknown) => void;
  private waiting: WaitingPing[] = [];
  private last = 0;
  /** The error that ended the connection. */
  private ended: ConnectionError | null = null;

  /** @param onThrow receives the exceptions that callbacks throw */
  constructor(output: Output, onThrow: (error: unknown) => void) {
    this.output = output;
    this.onThrow = onThrow;
  }

  /** Sends a PING, or calls back with an error in the next tick if the connection has ended. */
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

  /** Handles an acknowledgement. @returns false if it belongs to none of our pings, which is harmless */
  acknowledged(buffer: Uint8Array, start: number): boolean {
    const number = pingNumber(buffer, start);
    const index = this.waiting.findIndex((ping) => ping.number === number);
    const ping = this.waiting[index];
    if (ping === undefined) return false;
    this.waiting.splice(index, 1);
    this.call(ping, performance.now() - ping.sentAt, null);
    return true;
  }

  /** Calls back all waiting pings with the error that ended the connection. */
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
