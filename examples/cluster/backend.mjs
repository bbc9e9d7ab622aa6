/**
 * This is the backend: `node backend.mjs [module] [workers]`. The same script runs in the primary and in each worker.
 * On SIGHUP the primary replaces all workers without losing a call; the new ones load the script again.
 */
import { serveCluster } from "@vyra/ipc";
import { BackendService } from "@vyra/ipc/proto";

const [module = "cluster_demo", workers] = process.argv.slice(2);

const cluster = await serveCluster({
  socket: module,
  workers: workers === undefined ? undefined : Number(workers),
  routes: (router) =>
    router.service(BackendService, {
      getStatus: () => ({ status: `process ${process.pid}`, uptimeSeconds: BigInt(Math.floor(process.uptime())) }),
      processData: ({ data }) => ({ result: `${primesBelow(Number(data))} (process ${process.pid})` }),
    }),
});

if (cluster.role === "primary") {
  console.log(`serving at ${cluster.address}, pid ${process.pid}, workers ${pids(cluster)}`);
  process.on("SIGHUP", async () => {
    try {
      await cluster.restart();
      console.log(`replaced all workers, now ${pids(cluster)}`);
    } catch (error) {
      console.error(String(error)); // the workers that there were go on
    }
  });
}

/** @param {import("@vyra/ipc").ClusterPrimary} primary */
function pids({ workers }) {
  return workers.map(({ pid }) => pid).join(", ");
}

/**
 * Keeps a processor busy.
 * @param {number} limit
 */
function primesBelow(limit) {
  let count = 0;
  for (let n = 2; n < limit; n++) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) {
      divisor++;
    }
    if (divisor * divisor > n) {
      count++;
    }
  }
  return count;
}
