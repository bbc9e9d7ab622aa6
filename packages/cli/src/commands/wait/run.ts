import { Failure } from "../../failure.js";
import { type Connection, connectTo, defaultTimeoutMs, failureAt } from "../../server/connection.js";
import { checkHealth } from "../../server/health.js";
import { formatMs } from "../../terminal/figures.js";
import { interrupted, pause } from "../../terminal/interrupt.js";
import { print, printJson } from "../../terminal/output.js";
import type { WaitFlags } from "./flags.js";

const defaultWaitMs = 10_000;

/** The pause between two checks of a server that does not serve yet. */
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
    // The last check may have been cut short by the timeout, so the reason that an earlier check gave says more.
    obstacle = now === noAnswer ? (obstacle ?? now) : now;
    if (performance.now() + lookAgainMs >= giveUpAt) {
      throw new Failure("timeout", `${socket} was not ready within ${formatMs(timeoutMs)}: ${obstacle}`);
    }
    await pause(lookAgainMs);
  }
}

const noAnswer = "it does not answer";

/** Returns the reason why the server is not ready; undefined if it is ready. */
async function obstacleAt(
  connection: Connection,
  service: string | undefined,
  leftMs: number,
): Promise<string | undefined> {
  const timeoutMs = Math.max(1, Math.min(leftMs, defaultTimeoutMs));
  try {
    await connection.transport.ready({ timeoutMs, signal: interrupted });
    const status = await checkHealth(connection, service ?? "", timeoutMs);
    return status === undefined || status === "SERVING" ? undefined : `it reports ${status}`;
  } catch (error) {
    const failure = failureAt(connection, error);
    if (isFinal(failure)) {
      throw failure;
    }
    return failure.kind === "timeout" ? noAnswer : failure.message;
  }
}

/** Waiting does not help against a socket that may not be dialled, or against a mistake in the arguments. */
function isFinal({ kind, status }: Failure): boolean {
  return kind === "usage" || kind === "bug" || status?.code === "PERMISSION_DENIED";
}
