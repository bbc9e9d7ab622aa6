import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "../../gen/grpc/health/v1/health_pb.js";
import { delay, performance } from "../../time/real-timers.js";
import { startDeadline } from "../../time/signal-deadline.js";
import { connectErrorFrom } from "../../user-code/thrown.js";

/** What waiting needs of a transport. */
export interface Reachable extends Transport {
  ready(options: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<void>;
}

export interface UntilHealthyOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A server that goes away while it is asked is looked for again after this time, in milliseconds. */
const pauseMs = 20;

/**
 * Waits until the server is there and says that the service is SERVING.
 *
 * @param service its full name; empty for the server as a whole
 * @throws {ConnectError} Unavailable if it was not in time, Unimplemented if the server does not answer `grpc.health.v1`, and
 *   as `ready()` does.
 */
export async function untilHealthy(
  transport: Reachable,
  address: string,
  service: string,
  { timeoutMs = Number.POSITIVE_INFINITY, signal = new AbortController().signal }: UntilHealthyOptions,
): Promise<void> {
  const limit = startDeadline(signal, timeoutMs, "time to become healthy");
  const endAt = performance.now() + timeoutMs;
  const { watch } = createClient(Health, transport);
  let last: ServingStatus | undefined;
  try {
    for (;;) {
      last = undefined;
      await transport.ready({ timeoutMs: Math.max(0, endAt - performance.now()), signal });
      // Leaving the loop does not end the call (Connect's iterators have no return), its signal does.
      const leaving = new AbortController();
      try {
        const watching = watch({ service }, { signal: AbortSignal.any([limit.signal, leaving.signal]) });
        for await (const { status } of watching) {
          last = status;
          if (status === ServingStatus.SERVING) {
            return;
          }
        }
      } catch (error) {
        assertPassing(error, address, limit.signal);
      } finally {
        leaving.abort();
      }
      await delay(pauseMs, undefined, { signal: limit.signal });
    }
  } catch (error) {
    if (last !== undefined && limit.signal.aborted && !signal.aborted) {
      const who = service === "" ? "the server" : service;
      throw new ConnectError(`${who} at ${address} is ${ServingStatus[last]}`, Code.Unavailable);
    }
    throw error instanceof ConnectError || !limit.signal.aborted
      ? error
      : connectErrorFrom(limit.signal.reason, Code.Canceled);
  } finally {
    limit.stop();
  }
}

/** Throws what will not be over by itself: the server that goes away, or a limit on the stream, is. */
function assertPassing(reason: unknown, address: string, limit: AbortSignal): void {
  const error = connectErrorFrom(reason);
  if (error.code === Code.Unimplemented) {
    throw new ConnectError(
      `the server at ${address} does not say how it is: it has no grpc.health.v1.Health`,
      Code.Unimplemented,
      undefined,
      undefined,
      error,
    );
  }
  if (limit.aborted || (error.code !== Code.Unavailable && error.code !== Code.DeadlineExceeded)) {
    throw error;
  }
}
