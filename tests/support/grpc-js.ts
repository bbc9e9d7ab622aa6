import { fileURLToPath } from "node:url";
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** grpc-js' client of one of gRPC's own services, `grpc.<name>.<version>.<service>`. */
export function grpcJsClient(
  name: "health" | "reflection",
  version: string,
  service: string,
): ServiceClientConstructor {
  const protos = fileURLToPath(new URL("../../../proto", import.meta.url));
  const definition = loadSync(`grpc/${name}/${version}/${name}.proto`, { includeDirs: [protos], enums: String });
  const loaded = loadPackageDefinition(definition) as Record<"grpc", Record<string, Record<string, GrpcObject>>>;
  return loaded.grpc[name]?.[version]?.[service] as unknown as ServiceClientConstructor;
}
