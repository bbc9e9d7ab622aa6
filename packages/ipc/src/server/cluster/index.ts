import { availableParallelism } from "node:os";
import { shown } from "../../option-checks.js";
import type { ClusterPrimary, ClusterWorker, ServeClusterOptions } from "./types.js";

export type { ClusterMember, ClusterPrimary, ClusterWorker, ServeClusterOptions } from "./types.js";

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
