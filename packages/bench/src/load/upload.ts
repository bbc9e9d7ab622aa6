import type { Connection } from "./connection.js";
import type { Tally } from "./tally.js";

/** Sends messages for a while, and waits until the server has received all of them. */
export async function runUpload(connection: Connection, payload: Uint8Array, ms: number): Promise<Tally> {
  const startedAt = performance.now();
  let sent = 0;
  const received = await connection.upload?.(payload, (count = 1) => {
    const hasMore = performance.now() - startedAt < ms;
    sent += hasMore ? count : 0;
    return hasMore;
  });
  if (received !== sent) {
    throw new Error(`sent ${sent} messages, ${received} arrived`);
  }
  return { count: sent, seconds: (performance.now() - startedAt) / 1000 };
}
