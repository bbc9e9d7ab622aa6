import { createServer } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { serverProgram } from "../../program/server-program.js";
import { maxSessionMemory } from "../node-http2/options.js";
import { benchRoutes } from "../shared/connect-service.js";

await serverProgram((address, job) => {
  const server = createServer({ maxSessionMemory }, connectNodeAdapter({ routes: benchRoutes(job.withExtras) }));
  return new Promise<void>((resolve) => server.listen(address, resolve));
});
