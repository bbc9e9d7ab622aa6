import { createRequire } from "node:module";
import { programArguments } from "../../program/arguments.js";
import { startTelemetry } from "../shared/opentelemetry.js";

/**
 * Puts OpenTelemetry's instrumentation for gRPC into grpc-js, if the job has spans. The instrumentation changes the
 * package as it is loaded with require(), so this module has to be imported before the package is.
 */
const telemetry = startTelemetry(programArguments().job.adds);
if (telemetry?.tracerProvider !== undefined) {
  const require = createRequire(import.meta.url);
  const { GrpcInstrumentation } =
    require("@opentelemetry/instrumentation-grpc") as typeof import("@opentelemetry/instrumentation-grpc");
  new GrpcInstrumentation().setTracerProvider(telemetry.tracerProvider);
  require("@grpc/grpc-js");
}
