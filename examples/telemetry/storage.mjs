/** The last of three: has the data. */
import { serve } from "@vyra/ipc";
import { ModuleService } from "@vyra/ipc/proto";
import { telemetry } from "@vyra/ipc/telemetry";
import { startTelemetry } from "./sdk.mjs";

const stopTelemetry = startTelemetry("storage");

const server = await serve({
  socket: "telemetry_storage",
  interceptors: [telemetry()],
  routes: (router) => router.service(ModuleService, { getData: ({ data }) => ({ result: `the ${data} is here` }) }),
});
await server.closed;
await stopTelemetry();
