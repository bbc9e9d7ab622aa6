/** The backend process. It shuts down cleanly on SIGINT and SIGTERM. */
import { AddressError, serve } from "@vyra/ipc";
import { MyModuleService } from "./gen/my_module_pb.js";
import { service } from "./service.js";

try {
  const server = await serve({
    socket: process.env.MODULE ?? "my_module",
    routes: (router) => router.service(MyModuleService, service),
  });
  console.log(`serving at ${server.address}`);
} catch (error) {
  if (!(error instanceof AddressError)) {
    throw error;
  }
  console.error(error.message); // the message has the cause and the remedy
  process.exitCode = 1;
}
