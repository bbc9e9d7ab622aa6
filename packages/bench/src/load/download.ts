import type { Connection } from "./connection.js";
import type { Tally } from "./tally.js";

/** Takes what the server sends for a while. */
export async function runDownload(connection: Connection, payloadBytes: number, ms: number): Promise<Tally> {
  const startedAt = performance.now();
  let now = startedAt;
  let count = 0;
  await connection.download?.(payloadBytes, (more) => {
    count += more;
    now = performance.now();
    return now - startedAt < ms;
  });
  return { count, seconds: (now - startedAt) / 1000 };
}
