import { join } from "node:path";
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { root } from "./folders.js";

/** grpc-js' client of one of gRPC's own services, `grpc.<name>.<version>.<service>`. */
export function grpcJsClient(
  name: "health" | "reflection",
  version: string,
  service: string,
): ServiceClientConstructor {
  const protos = join(root, "proto");
  const definition = loadSync(`grpc/${name}/${version}/${name}.proto`, { includeDirs: [protos], enums: String });
  const loaded = loadPackageDefinition(definition) as Record<"grpc", Record<string, Record<string, GrpcObject>>>;
  return loaded.grpc[name]?.[version]?.[service] as unknown as ServiceClientConstructor;
}
