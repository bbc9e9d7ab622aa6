import type { Connection } from "./connection.js";
import type { Tally } from "./tally.js";

/** Reads what the server sends for a while, on each connection. */
export async function runDownload(
  connections: readonly Connection[],
  payloadBytes: number,
  ms: number,
): Promise<Tally> {
  const startedAt = performance.now();
  let now = startedAt;
  let count = 0;
  const streams = connections.map((connection) =>
    connection.download?.(payloadBytes, (more) => {
      count += more;
      now = performance.now();
      return now - startedAt < ms;
    }),
  );
  await Promise.all(streams);
  return { count, seconds: (now - startedAt) / 1000 };
}
