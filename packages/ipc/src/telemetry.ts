/** `telemetry()` has a module of its own because it needs the optional package `@opentelemetry/api`. */
export { type TelemetryOptions, telemetry } from "./interceptors/telemetry.js";
