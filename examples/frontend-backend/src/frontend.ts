/**
 * This is the frontend process: `node frontend.js [module] [--port N]`. It serves a web page on loopback, and asks the
 * backend for whatever the page shows. It starts with or without a backend, and outlives it.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { createChannel, resolveSocket } from "@vyra/ipc";
import { BackendService } from "@vyra/ipc/proto";
import { StatusFeed } from "./status-feed.js";
import { createWebServer } from "./web-server.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: "string", default: "0" } }, // 0: any free port
});
const module = positionals[0] ?? "demo";

const channel = createChannel(module, { timeoutMs: 2_000 });
const feed = new StatusFeed(channel);
const web = createWebServer(channel.client(BackendService), feed, resolveSocket(module).address);

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stopping.abort());
}
stopping.signal.addEventListener("abort", () => {
  web.close();
  web.closeAllConnections(); // those that follow the status would stay for ever
  void channel.close();
});

web.listen(Number(values.port), "127.0.0.1");
await once(web, "listening");
console.log(`page at http://127.0.0.1:${(web.address() as AddressInfo).port}/`);
await feed.run(stopping.signal);
