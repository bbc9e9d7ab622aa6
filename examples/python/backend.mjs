// backend.mjs <module>: BackendService, served by @vyra/ipc at the module's socket.
import { Code, ConnectError } from "@connectrpc/connect";
import { serve } from "@vyra/ipc";
import { BackendService } from "@vyra/ipc/proto";

const [module = "my_module"] = process.argv.slice(2);
const server = await serve({
  socket: module,
  routes: (router) =>
    router.service(BackendService, {
      getStatus: () => ({ status: "ready", uptimeSeconds: BigInt(Math.floor(process.uptime())) }),
      processData({ data }) {
        if (data === "") {
          throw new ConnectError("there is no data to work on", Code.InvalidArgument);
        }
        return { result: data.toUpperCase() };
      },
    }),
});
console.log(`serving at ${server.address}`);
