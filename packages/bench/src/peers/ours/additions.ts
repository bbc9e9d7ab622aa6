import type { Interceptor } from "@connectrpc/connect";
import { type ChannelOptions, logging, retry } from "@vyra/ipc";
import type { Job } from "../../contract/job.js";
import { connectInterceptors } from "../shared/connect-interceptors.js";
import { startTelemetry } from "../shared/opentelemetry.js";

/** Returns what a job adds to a channel. */
export async function channelAdditions({ adds, withExtras }: Job): Promise<ChannelOptions> {
  if (adds === "idle") {
    return { streamIdleMs: 60_000 };
  }
  const own = adds === "logging" ? [logging(discard)] : [];
  const retries = withExtras || adds === "retry" ? [retry()] : [];
  const interceptors = [...(await telemetryOf(adds)), ...connectInterceptors(adds, "client"), ...own, ...retries];
  return { interceptors };
}

/** Returns the interceptors that a job adds to a server. */
export async function serverInterceptors({ adds }: Job): Promise<Interceptor[]> {
  return [...(await telemetryOf(adds)), ...connectInterceptors(adds, "server")];
}

const discard = { debug() {}, info() {}, warn() {}, error() {} };

async function telemetryOf(adds: Job["adds"]): Promise<Interceptor[]> {
  if (adds === "metric-producer") {
    const { createMetricProducer, telemetry } = await import("@vyra/ipc/telemetry");
    const metricProducer = createMetricProducer();
    return [telemetry({ ...startTelemetry(adds, metricProducer), metricProducer })];
  }
  const sdk = startTelemetry(adds);
  if (sdk === undefined) {
    return [];
  }
  const { telemetry } = await import("@vyra/ipc/telemetry");
  return [telemetry(sdk)];
}
