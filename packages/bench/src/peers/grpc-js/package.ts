import { fileURLToPath } from "node:url";
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const proto = fileURLToPath(new URL("../../../proto/vyra/bench/v1/bench.proto", import.meta.url));
const root = loadPackageDefinition(loadSync(proto, { keepCase: false, longs: Number }));
const { v1 } = (root.vyra as GrpcObject).bench as GrpcObject;

/** Loaded from the proto at run time, as grpc-js's own guide does. */
export const BenchService = (v1 as GrpcObject).BenchService as ServiceClientConstructor;

/** The sizes of messages are the benchmark's affair. */
export const options = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
