import type { Job } from "../contract/job.js";
import { type Connection, fail } from "./connection.js";
import { Histogram } from "./histogram.js";
import type { Tally } from "./tally.js";

/** Keeps `inFlight` calls open for a while; each response is followed by the next call. */
export function runCalls(
  connections: readonly Connection[],
  payload: Uint8Array,
  job: Job,
  ms: number,
): Promise<Tally> {
  const histogram = new Histogram();
  const startedAt = performance.now();
  const stopAt = startedAt + ms;
  let count = 0;
  let open = job.inFlight;
  return new Promise((resolve) => {
    for (let i = 0; i < job.inFlight; i++) {
      keepCalling(connections[i % connections.length] as Connection); // a job has at least one connection
    }

    function keepCalling(connection: Connection): void {
      let calledAt = performance.now();
      const done = (bytes: number): void => {
        if (bytes !== payload.length) {
          fail(new Error(`sent ${payload.length} bytes, got back ${bytes}`));
        }
        const now = performance.now();
        histogram.record(now - calledAt);
        count++;
        if (now < stopAt) {
          calledAt = now;
          connection.call(payload, done);
        } else if (--open === 0) {
          resolve({ count, seconds: (now - startedAt) / 1000, latencyUs: histogram.latencyUs() });
        }
      };
      connection.call(payload, done);
    }
  });
}
