import type { Job } from "../contract/job.js";
import type { Connection } from "./connection.js";
import type { Tally } from "./tally.js";

/**
 * The number of streams that wait for their first message at the same time; node:http2 stops answering at thousands.
 */
const atOnce = 100;

/** Opens the connections or streams of the job and keeps them open. */
export async function runHold(
  connect: () => Promise<Connection>,
  first: Connection,
  payload: Uint8Array,
  job: Job,
): Promise<Tally> {
  const startedAt = performance.now();
  if (job.streams > 0) {
    for (let opened = 0; opened < job.streams; opened += atOnce) {
      const count = Math.min(atOnce, job.streams - opened);
      await Promise.all(Array.from({ length: count }, () => openStream(first, payload)));
    }
  } else {
    for (let i = 0; i < job.connections; i++) {
      await callOnce(keep(await connect()), payload);
    }
  }
  return { count: job.streams || job.connections, seconds: (performance.now() - startedAt) / 1000 };
}

export function callOnce(connection: Connection, payload: Uint8Array): Promise<void> {
  return new Promise((resolve) => connection.call(payload, () => resolve()));
}

/** Resolves when the first message has come back. */
function openStream(connection: Connection, payload: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = connection.pingPong?.(payload, () => {
      resolve();
      return "hold";
    });
    stream?.catch(reject);
  });
}

const kept: Connection[] = [];

function keep(connection: Connection): Connection {
  kept.push(connection);
  return connection;
}
