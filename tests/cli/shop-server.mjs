// The server that the tests in a terminal look at: node shop-server.mjs <module>. The shop of the package's own tests, and what it
// counts of its calls.
import { StatsService } from "@vyra/ipc/proto";
import { serveShop } from "../../packages/cli/dist-test/support/shop.js";

const began = performance.now();
const boundsMs = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const methods = new Map();

const server = await serveShop(process.argv[2], {
  signals: true,
  interceptors: [counted],
  routes: (router) => router.service(StatsService, { getStats }),
});
console.log(`serving at ${server.address}`);

function counted(next) {
  return async (req) => {
    const start = performance.now();
    const res = await next(req);
    const method = `${req.service.typeName}/${req.method.name}`;
    const stats = methods.get(method) ?? { method, ended: { 0: 0n }, counts: new Array(boundsMs.length + 1).fill(0n) };
    const bucket = boundsMs.findIndex((bound) => performance.now() - start <= bound);
    stats.counts[bucket === -1 ? boundsMs.length : bucket] += 1n;
    stats.ended[0] += 1n;
    methods.set(method, stats);
    return res;
  };
}

function getStats() {
  return {
    uptimeMs: BigInt(Math.round(performance.now() - began)),
    openConnections: 1n,
    methods: [...methods.values()].map(({ counts, ...stats }) => ({ ...stats, latency: { boundsMs, counts } })),
  };
}
