/**
 * A server of several processes on `node:cluster`: `primary.ts` owns the name and hands connections to workers,
 * `worker.ts` answers calls in one of them, `member.ts` is a worker as the primary sees it, and `messages.ts` is what
 * they say to each other.
 */

import { availableParallelism } from "node:os";
import { shown } from "../../option-checks.js";
import { resolveServeOptions } from "../resolve-options.js";
import type { ClusterPrimary, ClusterWorker, ServeClusterOptions } from "./types.js";

export type { ClusterMember, ClusterPrimary, ClusterWorker, ServeClusterOptions } from "./types.js";

/**
 * Serves one name with several processes, on `node:cluster`. The same script runs in all of them and calls this
 * function with the same options. In the primary it takes the name, starts the workers and passes each connection to
 * the worker that has the fewest; in a worker it answers the calls on those connections. A connection stays with its
 * worker, so a client needs as many `connections` as it should keep workers busy.
 *
 * In the primary it resolves once the socket is published under its name and all workers are ready; in a worker once
 * the worker is ready. A worker that ends unexpectedly is replaced and reported to `onError`.
 *
 * @throws {AddressInUseError} in the primary, if a server already serves at the address.
 * @throws {AddressError} in the primary, if it is impossible to serve at the address.
 * @throws {RangeError | TypeError} for invalid options.
 * @throws {Error} in the primary, if one of the first workers ends before it is ready, or if this process already has
 *   a cluster.
 */
export async function serveCluster(options: ServeClusterOptions): Promise<ClusterPrimary | ClusterWorker> {
  const { workers = availableParallelism(), ...serveOptions } = options;
  if (!(Number.isInteger(workers) && workers > 0)) {
    throw new RangeError(`workers must be a whole number of 1 or more, not ${shown(workers)}`);
  }
  // It is loaded here so that servers of a single process do not pay for it.
  const resolved = resolveServeOptions(serveOptions);
  const { default: cluster } = await import("node:cluster");
  if (cluster.isPrimary) {
    const { serveAsPrimary } = await import("./primary.js");
    return serveAsPrimary(resolved, workers);
  }
  const { serveAsWorker } = await import("./worker.js");
  return serveAsWorker(resolved);
}
