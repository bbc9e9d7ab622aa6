import { availableParallelism } from "node:os";
import { shown } from "../../option-checks.js";
import type { Health } from "../../services/index.js";
import type { ServeOptions } from "../options.js";

/** As for `serve()`; in the primary and its workers alike. */
export interface ServeClusterOptions extends ServeOptions {
  /** How many processes answer calls. Default: `os.availableParallelism()`. */
  readonly workers?: number | undefined;
}

/** The process that has the name. It answers no calls itself. */
export interface ClusterPrimary extends AsyncDisposable {
  readonly role: "primary";
  /** Where the cluster is, as a gRPC client dials it: `unix:/tmp/my_module_ipc.sock`. */
  readonly address: string;
  /** The workers that take connections now. */
  readonly workers: readonly ClusterMember[];
  /**
   * Replaces all workers one after another: a new one is ready, then an old one takes no more connections, answers what it is busy
   * with, and ends. No call is lost. Rejects if a new worker ends before it is ready; those not yet replaced then go on.
   */
  restart(): Promise<void>;
  /**
   * Gives the name up at once, has all workers answer what they are busy with for up to `graceMs`, and resolves when the last of
   * their processes has ended. Calling it again changes nothing.
   */
  close(): Promise<void>;
  /** Resolves when the cluster has closed, for whatever reason. */
  readonly closed: Promise<void>;
}

/** A worker as its primary sees it. */
export interface ClusterMember {
  readonly pid: number;
  /** How many connections it serves. */
  readonly connections: number;
}

/** One of the processes that answer calls. */
export interface ClusterWorker {
  readonly role: "worker";
  /** How its services are, for those who ask this worker by `grpc.health.v1`. */
  readonly health: Health;
  /** Resolves when it has answered its last call; the process has then a second to end by itself. */
  readonly closed: Promise<void>;
}

/**
 * Serves one name with several processes, on `node:cluster`. The same script runs in all of them and calls this with the same
 * options: in the primary it takes the name, starts the workers and gives each connection to the worker that has the fewest; in
 * a worker it answers the calls on those connections. A call is served where its connection is, so give a client as many
 * `connections` as it is to keep workers busy.
 *
 * Resolves in the primary once the socket is at its name and all workers are ready, in a worker once it is. A worker that ends
 * on its own is replaced, and `onError` is told.
 *
 * @throws {AddressInUseError} in the primary, if a server already lives at the address.
 * @throws {AddressError} in the primary, if the address cannot be served at.
 * @throws {Error} in the primary, if one of the first workers ends before it is ready, or this process has a cluster already.
 */
export async function serveCluster(options: ServeClusterOptions): Promise<ClusterPrimary | ClusterWorker> {
  const { workers = availableParallelism(), ...serveOptions } = options;
  if (!(Number.isInteger(workers) && workers > 0)) {
    throw new RangeError(`workers must be a whole number of 1 or more, not ${shown(workers)}`);
  }
  // Loaded now, so that those who serve with one process do not pay for it.
  const { default: cluster } = await import("node:cluster");
  if (cluster.isPrimary) {
    const { serveAsPrimary } = await import("./primary.js");
    return serveAsPrimary(serveOptions, workers);
  }
  const { serveAsWorker } = await import("./worker.js");
  return serveAsWorker(serveOptions);
}
