import { fileURLToPath } from "node:url";
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const proto = fileURLToPath(new URL("../../../proto/vyra/bench/v1/bench.proto", import.meta.url));
const root = loadPackageDefinition(loadSync(proto, { keepCase: false, longs: Number }));
const { v1 } = (root.vyra as GrpcObject).bench as GrpcObject;

/** The service is loaded from the proto at run time, as in grpc-js's own guide. */
export const BenchService = (v1 as GrpcObject).BenchService as ServiceClientConstructor;

/** Limits of message sizes are switched off, since scenarios determine the sizes. */
export const options = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
