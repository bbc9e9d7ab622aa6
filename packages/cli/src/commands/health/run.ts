import { Failure } from "../../failure.js";
import { type Connection, connectTo, defaultTimeoutMs, failureAt, isUnimplemented } from "../../server/connection.js";
import { checkHealth, type HealthStatus, noHealthService, watchHealth } from "../../server/health.js";
import { paintFor } from "../../terminal/colors.js";
import { interrupted, pause } from "../../terminal/interrupt.js";
import { print, printJson } from "../../terminal/output.js";
import type { HealthFlags } from "./flags.js";

export async function run(socket: string, service: string | undefined, flags: HealthFlags): Promise<void> {
  await using connection = connectTo(socket, flags);
  const status = await checkHealth(connection, service ?? "", flags.timeout ?? defaultTimeoutMs);
  if (status === undefined) {
    throw noHealthService(connection.path);
  }
  if (flags.watch) {
    await watch(connection, service ?? "", flags);
    return;
  }
  show(status, service, flags);
  if (status !== "SERVING") {
    throw notServing(connection.path, service, status);
  }
}

function notServing(path: string, service: string | undefined, status: HealthStatus): Failure {
  const what = service === undefined ? `the server at ${path}` : `${service} at ${path}`;
  return status === "SERVICE_UNKNOWN"
    ? new Failure("failed", `the server at ${path} has no service ${service ?? ""}`)
    : new Failure("not_serving", `${what} does not serve (${status})`);
}

/** The pause before a server that is unreachable is tried again. */
const pauseMs = 250;

async function watch(connection: Connection, service: string, flags: HealthFlags): Promise<void> {
  let last: HealthStatus | undefined;
  const see = (status: HealthStatus) => {
    if (status !== last) {
      last = status;
      show(status, service || undefined, flags, new Date());
    }
  };
  while (!interrupted.aborted) {
    try {
      for await (const status of watchHealth(connection, service)) {
        see(status);
      }
    } catch (error) {
      if (interrupted.aborted) {
        return;
      }
      if (isUnimplemented(error) || failureAt(connection, error).kind === "failed") {
        throw failureAt(connection, error);
      }
    }
    see("UNREACHABLE");
    await pause(pauseMs);
  }
}

function show(status: HealthStatus, service: string | undefined, { json }: HealthFlags, at?: Date): void {
  if (json) {
    printJson({ ...(at && { time: at.toISOString() }), service: service ?? "", status });
    return;
  }
  const paint = paintFor(process.stdout);
  const text = status === "SERVING" ? paint.green(status) : paint.red(status);
  print(at === undefined ? text : `${paint.dim(at.toTimeString().slice(0, 8))}  ${text}`);
}
