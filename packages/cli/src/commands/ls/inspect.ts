import { sameUser, users } from "@vyra/ipc";
import { reflect } from "../../descriptors/reflection.js";
import { isInfrastructure } from "../../descriptors/source.js";
import type { ConnectionFlags } from "../../grammar/flags.js";
import { connectTo, failureAt, isAnsweredForServer } from "../../server/connection.js";
import type { SocketFile } from "../../server/find-sockets.js";
import { checkHealth, type HealthStatus } from "../../server/health.js";
import { probe } from "./probe.js";
import { commandOf, userName } from "./processes.js";

/**
 * The state of a socket: a server answers (`alive`), nobody listens (`stale`), this user may not open it (`denied`), it
 * belongs to another user and is therefore not called (`untrusted`), the server speaks another protocol (`not gRPC`),
 * or the server accepts connections and does not answer (`silent`).
 */
export type SocketState = "alive" | "stale" | "denied" | "untrusted" | "not gRPC" | "silent";

/** What can be observed of a socket from outside. */
export interface SocketInfo {
  readonly path: string;
  readonly module: string | undefined;
  readonly state: SocketState;
  readonly user: string;
  readonly pid?: number | undefined;
  readonly command?: string | undefined;
  /** Undefined if the server has no health service. */
  readonly health?: HealthStatus | undefined;
  /** The full names of the services; undefined if the server has no reflection. */
  readonly services?: readonly string[] | undefined;
}

/** A server that does not answer within this time counts as silent. */
const patienceMs = 1_000;

/** Finds out which process serves at a socket, and what it offers. */
export async function inspectSocket({ path, uid, module }: SocketFile, flags: ConnectionFlags): Promise<SocketInfo> {
  const { state, pid } = await probe(path);
  const seen: SocketInfo = { path, module, state, user: userName(uid) };
  if (state !== "alive") {
    return seen;
  }
  const process = { pid, command: pid === undefined ? undefined : await commandOf(pid) };
  const owner = { uid, gid: -1, pid: 0 };
  const isTrusted = sameUser()(owner) || users(flags.trust ?? [])(owner);
  const answers: Partial<SocketInfo> = isTrusted ? await ask(path, flags) : { state: "untrusted" };
  return { ...seen, ...process, ...answers };
}

async function ask(path: string, flags: ConnectionFlags): Promise<Partial<SocketInfo>> {
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
        return {}; // the server answered, even if it refused the call
    }
  }
}
