import nodeIpc from "node-ipc";
import { serverProgram } from "../../program/server-program.js";

await serverProgram((address) => {
  const ipc = new nodeIpc.IPC();
  ipc.config.silent = true;
  ipc.config.maxConnections = 10_000; // beyond the default of 100, connections are closed at once
  return new Promise<void>((resolve) => {
    ipc.serve(address, () => {
      ipc.server.on("echo", (message, socket) => ipc.server.emit(socket, "echo", message));
      resolve();
    });
    ipc.server.start();
  });
});
