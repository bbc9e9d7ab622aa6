import { Failure } from "../../failure.js";
import { type Connection, connectTo, defaultTimeoutMs, failureAt } from "../../server/connection.js";
import { checkHealth } from "../../server/health.js";
import { formatMs } from "../../terminal/figures.js";
import { interrupted, pause } from "../../terminal/interrupt.js";
import { print, printJson } from "../../terminal/output.js";
import type { WaitFlags } from "./flags.js";

const defaultWaitMs = 10_000;

/** How long to wait between two looks at a server that is there and does not serve yet. */
const lookAgainMs = 50;

export async function run(sockets: string[], flags: WaitFlags): Promise<void> {
  const beginning = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      await waitFor(socket, flags);
      interrupted.throwIfAborted();
      const tookMs = performance.now() - beginning;
      if (flags.json) {
        printJson({ socket, ready: true, afterMs: Math.round(tookMs) });
      } else {
        print(`${socket} is ready after ${formatMs(tookMs)}`);
      }
    }),
  );
}

async function waitFor(socket: string, flags: WaitFlags): Promise<void> {
  const timeoutMs = flags.timeout ?? defaultWaitMs;
  const giveUpAt = timeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  await using connection = connectTo(socket, flags);
  let obstacle: string | undefined;
  for (;;) {
    const now = await obstacleAt(connection, flags.service, giveUpAt - performance.now());
    if (now === undefined || interrupted.aborted) {
      return;
    }
    // That the last look was cut short by the end of the time says less than what was seen before.
    obstacle = now === noAnswer ? (obstacle ?? now) : now;
    if (performance.now() + lookAgainMs >= giveUpAt) {
      throw new Failure("timeout", `${socket} was not ready within ${formatMs(timeoutMs)}: ${obstacle}`);
    }
    await pause(lookAgainMs);
  }
}

const noAnswer = "it does not answer";

/** Why the server is not ready yet; undefined if it is. */
async function obstacleAt(
  connection: Connection,
  service: string | undefined,
  leftMs: number,
): Promise<string | undefined> {
  const timeoutMs = Math.max(1, Math.min(leftMs, defaultTimeoutMs));
  try {
    await connection.transport.ready({ timeoutMs, signal: interrupted });
    const status = await checkHealth(connection, service ?? "", timeoutMs);
    return status === undefined || status === "SERVING" ? undefined : `it says ${status}`;
  } catch (error) {
    const failure = failureAt(connection, error);
    if (isFinal(failure)) {
      throw failure;
    }
    return failure.kind === "timeout" ? noAnswer : failure.message;
  }
}

/** Some obstacles do not go away by waiting: what may not be dialled, and mistakes. */
function isFinal({ kind, status }: Failure): boolean {
  return kind === "usage" || kind === "bug" || status?.code === "PERMISSION_DENIED";
}
