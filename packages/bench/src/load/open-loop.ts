import type { Job } from "../contract/job.js";
import { type Connection, fail } from "./connection.js";
import { Histogram } from "./histogram.js";
import type { Tally } from "./tally.js";

/** The time, and the turns of the event loop; tests have their own. */
export interface Clock {
  /** Returns the time in milliseconds. */
  now(): number;
  /** Calls back as soon as the event loop has handled what is pending. */
  nextTurn(callback: () => void): void;
}

/** Timers are late by up to a millisecond, so the loop turns without sleeping while the schedule runs. */
const realClock: Clock = { now: () => performance.now(), nextTurn: setImmediate };

/**
 * Starts calls at a fixed rate, whatever the earlier ones do. The i-th call is due i/rate seconds after the start, so
 * that lateness never shifts the schedule, and its latency is counted from the moment at which it is due. While
 * `inFlight` calls are open, calls that are due wait; those that still wait at the end are not made, but counted.
 */
export function runOpenLoop(
  connections: readonly Connection[],
  payload: Uint8Array,
  { inFlight }: Job,
  { ms, rate }: { readonly ms: number; readonly rate: number },
  clock: Clock = realClock,
): Promise<Tally> {
  const histogram = new Histogram();
  const startedAt = clock.now();
  const planned = Math.max(1, Math.floor((ms * rate) / 1000));
  let started = 0;
  let answered = 0;
  let isOver = false;
  return new Promise((resolve) => {
    turn();

    function turn(): void {
      startDue();
      if (started < planned && clock.now() - startedAt < ms) {
        clock.nextTurn(turn);
        return;
      }
      isOver = true;
      endIfAnswered();
    }

    function startDue(): void {
      const due = Math.min(planned, Math.floor(((clock.now() - startedAt) * rate) / 1000) + 1);
      while (started < due && started - answered < inFlight) {
        start(started++);
      }
    }

    function start(i: number): void {
      const dueAt = startedAt + (i * 1000) / rate;
      const connection = connections[i % connections.length] as Connection; // a job has at least one connection
      connection.call(payload, (bytes) => {
        if (bytes !== payload.length) {
          fail(new Error(`sent ${payload.length} bytes, got back ${bytes}`));
        }
        histogram.record(clock.now() - dueAt);
        answered++;
        endIfAnswered();
      });
    }

    function endIfAnswered(): void {
      if (isOver && answered === started) {
        resolve({
          count: answered,
          seconds: (clock.now() - startedAt) / 1000,
          latencyUs: histogram.latencyUs(),
          unmade: planned - started,
        });
      }
    }
  });
}
