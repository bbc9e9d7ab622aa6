// The test services and messages as @grpc/proto-loader gives them.
import { fileURLToPath } from "node:url";
import { loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const folder = fileURLToPath(new URL("../../proto", import.meta.url));
const definition = loadSync(["grpc/testing/test.proto", "grpc/testing/vyra/probe.proto"], {
  includeDirs: [folder],
  longs: Number,
  defaults: true,
  oneofs: true,
});

export const { TestService, UnimplementedService, vyra } = loadPackageDefinition(definition).grpc.testing;
export const { ProbeService, RpcStatus, ErrorReason } = vyra;

export const detailType = "type.googleapis.com/grpc.testing.vyra.ErrorReason";

export function payload(size) {
  return { body: Buffer.alloc(size) };
}
