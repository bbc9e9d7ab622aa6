/**
 * @vyra/ipc over TCP, for this comparison only: the package itself does not support TCP. The server serves its Unix
 * socket as usual; a listener of its own passes connections from a TCP port to it.
 */

import { syncBuiltinESMExports } from "node:module";
import net, { type Server } from "node:net";
import { serverProgram } from "../../program/server-program.js";
import { benchRoutes } from "../shared/connect-service.js";
import { listenOnLoopback, nobody } from "./port.js";

const listeners: Server[] = [];
const { createServer } = net;
net.createServer = ((...args: Parameters<typeof createServer>) => {
  const server = createServer(...args);
  listeners.push(server);
  return server;
}) as typeof createServer;
syncBuiltinESMExports();

const { serve, users } = await import("@vyra/ipc");

await serverProgram(async (socket, job) => {
  await serve({ socket, routes: benchRoutes(job.withExtras), engine: "direct", authorize: users([nobody]) });
  const own = listeners.at(-1);
  const tcp = createServer({ noDelay: true }, (accepted) => own?.emit("connection", accepted));
  await listenOnLoopback(tcp, socket);
});
