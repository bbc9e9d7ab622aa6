/**
 * `telemetry()` has a module of its own because it needs the optional package `@opentelemetry/api`.
 *
 * @module @vyra/ipc/telemetry
 * @packageDocumentation
 */
export { type TelemetryOptions, telemetry } from "./interceptors/telemetry.js";
