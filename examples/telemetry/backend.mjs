/** In the middle: answers calls by a call of its own, which belongs to the same trace. */
import { createChannel, inherit, retry, serve } from "@vyra/ipc";
import { BackendService, ModuleService } from "@vyra/ipc/proto";
import { telemetry } from "@vyra/ipc/telemetry";
import { startTelemetry } from "./sdk.mjs";

const stopTelemetry = startTelemetry("backend");

const channel = createChannel("telemetry_storage", { interceptors: [telemetry(), retry()] });
const storage = channel.client(ModuleService);
await channel.ready({ timeoutMs: 10_000 });

const server = await serve({
  socket: "telemetry_backend",
  interceptors: [telemetry()],
  routes: (router) =>
    router.service(BackendService, { processData: ({ data }, context) => storage.getData({ data }, inherit(context)) }),
});
await server.closed;
await channel.close();
await stopTelemetry();
