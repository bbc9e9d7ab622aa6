import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "../../gen/grpc/health/v1/health_pb.js";
import { delay, performance } from "../../time/real-timers.js";
import { startDeadline } from "../../time/signal-deadline.js";
import { connectErrorFrom } from "../../user-code/thrown.js";

/** The part of a transport that is needed here. */
export interface Reachable extends Transport {
  ready(options: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<void>;
}

export interface UntilHealthyOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The pause before asking again a server that went away while it was asked, in milliseconds. */
const pauseMs = 20;

/**
 * Waits until the server is reachable and reports the service as SERVING.
 *
 * @param service the full name of the service; empty for the server as a whole
 * @throws {ConnectError} Unavailable if it was not healthy in time, Unimplemented if the server does not provide
 *   `grpc.health.v1`, and the errors of `ready()`.
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
      // The signal is needed to end the call: leaving the loop does not, since Connect's iterators have no `return()`.
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
        assertTransient(error, address, limit.signal);
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

/** Throws errors that will not pass by themselves. A server that goes away and a time limit on the stream do pass. */
function assertTransient(reason: unknown, address: string, limit: AbortSignal): void {
  const error = connectErrorFrom(reason);
  if (error.code === Code.Unimplemented) {
    throw new ConnectError(
      `the server at ${address} does not report its health: it has no grpc.health.v1.Health`,
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
