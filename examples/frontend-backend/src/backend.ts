/**
 * This is the backend process: `node backend.js [module]`. It serves both services at the module's socket. On SIGINT
 * and SIGTERM it removes the socket and ends.
 */
import { AddressError, serve } from "@vyra/ipc";
import { BackendService, ModuleService } from "@vyra/ipc/proto";
import { backendService } from "./backend-service.js";
import { Module } from "./module.js";
import { moduleService } from "./module-service.js";

const module = new Module();
try {
  const server = await serve({
    socket: process.argv[2] ?? "demo",
    routes: (router) =>
      router.service(BackendService, backendService(module)).service(ModuleService, moduleService(module)),
  });
  console.log(`serving at ${server.address}`);
} catch (error) {
  if (!(error instanceof AddressError)) {
    throw error;
  }
  console.error(`backend: ${error.message}`); // says what is wrong and what to do
  process.exitCode = 1;
}
