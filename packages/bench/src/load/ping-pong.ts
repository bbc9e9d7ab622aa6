import type { Job } from "../contract/job.js";
import type { Connection } from "./connection.js";
import { Histogram } from "./histogram.js";
import type { Tally } from "./tally.js";

/** Keeps one message on its way on each of `inFlight` streams for a while. */
export async function runPingPong(
  connections: readonly Connection[],
  payload: Uint8Array,
  job: Job,
  ms: number,
): Promise<Tally> {
  const histogram = new Histogram();
  const startedAt = performance.now();
  const stopAt = startedAt + ms;
  let count = 0;
  const streams = Array.from({ length: job.inFlight }, (_, i) => {
    let sentAt = performance.now();
    return connections[i % connections.length]?.pingPong?.(payload, () => {
      const now = performance.now();
      histogram.record(now - sentAt);
      count++;
      sentAt = now;
      return now < stopAt ? "send" : "end";
    });
  });
  await Promise.all(streams);
  return { count, seconds: (performance.now() - startedAt) / 1000, latencyUs: histogram.latencyUs() };
}
