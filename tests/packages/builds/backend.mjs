// A backend that serves until SIGTERM.
import { serve } from "@vyra/ipc";
import { BackendService } from "@vyra/ipc/proto";

await serve({
  socket: "backend",
  routes: (router) =>
    router.service(BackendService, { processData: ({ data }) => ({ result: `${data} from ${process.pid}` }) }),
});
console.log("serving");
