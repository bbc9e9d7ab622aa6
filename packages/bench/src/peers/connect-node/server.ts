import { createServer } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { serverProgram } from "../../program/server-program.js";
import { maxSessionMemory } from "../node-http2/options.js";
import { connectInterceptors } from "../shared/connect-interceptors.js";
import { benchRoutes } from "../shared/connect-service.js";

await serverProgram((address, { withExtras, adds }) => {
  const interceptors = connectInterceptors(adds, "server");
  const adapter = connectNodeAdapter({ routes: benchRoutes(withExtras), interceptors });
  const server = createServer({ maxSessionMemory }, adapter);
  return new Promise<void>((resolve) => server.listen(address, resolve));
});
