/** `telemetry()`, apart from the rest: it needs the package `@opentelemetry/api`, which is optional. */
export { type TelemetryOptions, telemetry } from "./interceptors/telemetry.js";
