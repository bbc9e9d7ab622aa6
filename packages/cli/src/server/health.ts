import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus } from "@vyra/ipc/health";
import { Failure } from "../failure.js";
import { interrupted } from "../terminal/interrupt.js";
import { type Connection, failureAt, isUnimplemented } from "./connection.js";

/** gRPC's names of the health states, and `UNREACHABLE` if no server answers. */
export type HealthStatus = keyof typeof HealthCheckResponse_ServingStatus | "UNREACHABLE";

/**
 * Requests the health of a server or one of its services
 * (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
 *
 * @param service the service's full name; "" for the server as a whole.
 * @returns undefined if the server has no health service.
 * @throws {Failure} if the call failed.
 */
export async function checkHealth(
  connection: Connection,
  service: string,
  timeoutMs: number,
): Promise<HealthStatus | undefined> {
  try {
    const health = createClient(Health, connection.transport);
    const { status } = await health.check({ service }, { timeoutMs, signal: interrupted });
    return statusName(status);
  } catch (error) {
    if (isUnimplemented(error)) {
      return undefined;
    }
    if (error instanceof ConnectError && error.code === Code.NotFound) {
      return "SERVICE_UNKNOWN";
    }
    throw failureAt(connection, error);
  }
}

/** Yields the current health and each change of it. @throws the ConnectError that ends the stream. */
export async function* watchHealth(connection: Connection, service: string): AsyncIterable<HealthStatus> {
  const health = createClient(Health, connection.transport);
  for await (const { status } of health.watch({ service }, { signal: interrupted })) {
    yield statusName(status);
  }
}

export function noHealthService(path: string): Failure {
  return new Failure("failed", `the server at ${path} has no health service (grpc.health.v1.Health)`);
}

function statusName(status: HealthCheckResponse_ServingStatus): HealthStatus {
  return (HealthCheckResponse_ServingStatus[status] as HealthStatus | undefined) ?? "UNKNOWN";
}
