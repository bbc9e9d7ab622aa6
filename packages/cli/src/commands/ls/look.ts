import { sameUser, users } from "@vyra/ipc";
import { reflect } from "../../descriptors/reflection.js";
import { isInfrastructure } from "../../descriptors/source.js";
import type { ConnectionFlags } from "../../grammar/flags.js";
import { connectTo, failureAt, isAnsweredForServer } from "../../server/connection.js";
import type { SocketFile } from "../../server/find-sockets.js";
import { checkHealth, type HealthStatus } from "../../server/health.js";
import { commandOf, userName } from "./processes.js";
import { knock } from "./server-process.js";

/**
 * Whether somebody is behind a socket: nobody listens (`stale`), it may not be opened (`denied`), it is another user's and so not
 * talked to (`untrusted`), it speaks something else (`not gRPC`), or it takes connections and does not answer (`silent`).
 */
export type SocketState = "alive" | "stale" | "denied" | "untrusted" | "not gRPC" | "silent";

/** What can be seen of a socket from outside. */
export interface Sight {
  readonly path: string;
  readonly module: string | undefined;
  readonly state: SocketState;
  readonly user: string;
  readonly pid?: number | undefined;
  readonly command?: string | undefined;
  /** Undefined if the server has no health service. */
  readonly health?: HealthStatus | undefined;
  /** Full names; undefined if the server has no reflection. */
  readonly services?: readonly string[] | undefined;
}

/** How long a server may take to answer before it counts as silent, in milliseconds. */
const patienceMs = 1_000;

/** Finds out who serves at a socket, and what. */
export async function lookAt({ path, uid, module }: SocketFile, flags: ConnectionFlags): Promise<Sight> {
  const { state, pid } = await knock(path);
  const seen: Sight = { path, module, state, user: userName(uid) };
  if (state !== "alive") {
    return seen;
  }
  const process = { pid, command: pid === undefined ? undefined : await commandOf(pid) };
  const owner = { uid, gid: -1, pid: 0 };
  const isTrusted = sameUser()(owner) || users(flags.trust ?? [])(owner);
  const answers: Partial<Sight> = isTrusted ? await ask(path, flags) : { state: "untrusted" };
  return { ...seen, ...process, ...answers };
}

async function ask(path: string, flags: ConnectionFlags): Promise<Partial<Sight>> {
  await using connection = connectTo(path, flags);
  try {
    const health = await checkHealth(connection, "", patienceMs);
    await using source = reflect(connection, patienceMs);
    const services = await source.services().catch(() => undefined);
    return { health, services: services?.filter((name) => !isInfrastructure(name)) };
  } catch (error) {
    const failure = failureAt(connection, error);
    switch (failure.kind) {
      case "unreachable":
        return isAnsweredForServer(failure) ? { health: "UNREACHABLE" } : { state: "not gRPC" };
      case "timeout":
        return { state: "silent" };
      default:
        return {}; // it answered, if only to refuse
    }
  }
}
