/** The first: where the trace begins. */
import { trace } from "@opentelemetry/api";
import { createChannel } from "@vyra/ipc";
import { BackendService } from "@vyra/ipc/proto";
import { telemetry } from "@vyra/ipc/telemetry";
import { startTelemetry } from "./sdk.mjs";

const stopTelemetry = startTelemetry("frontend");

const channel = createChannel("telemetry_backend", { interceptors: [telemetry()] });
await channel.ready({ timeoutMs: 10_000 });
await trace.getTracer("frontend").startActiveSpan("a visit", async (span) => {
  const { result } = await channel.client(BackendService).processData({ data: "bread" });
  console.log(`frontend  ${result}`);
  span.end();
});
await channel.close();
await stopTelemetry();
