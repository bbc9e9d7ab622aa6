import type { DescMethod } from "@bufbuild/protobuf";
import { chooseSource } from "../../descriptors/choose.js";
import { allServices, methodName } from "../../descriptors/find-method.js";
import { isInfrastructure } from "../../descriptors/source.js";
import { connectTo } from "../../server/connection.js";
import type { Candidate } from "./candidate.js";
import { completionTimeoutMs } from "./timeout.js";
import type { Typed } from "./typed.js";

/**
 * The kind of name to complete: a method to call, a service to check the health of, or any name that can be described.
 */
export type NameKind = "method" | "service" | "name";

/**
 * Returns names that the server describes, or the files given on the command line. Names are short where a short name
 * is enough, and full if a full name is being typed.
 */
export async function serverNames({ operands, values }: Typed, kind: NameKind, current: string): Promise<Candidate[]> {
  const [socket = ""] = operands;
  const [descriptorSet] = values.get("descriptorSet") ?? [];
  const flags = {
    trust: (values.get("trust") ?? []).map(Number),
    proto: [...(values.get("proto") ?? [])],
    importPath: [...(values.get("importPath") ?? [])],
    ...(descriptorSet !== undefined && { descriptorSet }),
  };
  await using connection = connectTo(socket, flags);
  await using source = await chooseSource(connection, flags, completionTimeoutMs());
  if (kind === "service") {
    return (await source.services()).map((value) => ({ value }));
  }
  const all = await allServices(source);
  const services = all.filter(({ typeName }) => current.startsWith("grpc.") || !isInfrastructure(typeName));
  const methods = services.flatMap((service) => service.methods);
  const isFull = /[./]/.test(current);
  if (kind === "method") {
    return methods.map((method) => ({
      value: isFull ? methodName(method) : shortest(method, methods),
      about: about(method),
    }));
  }
  const types = [...source.registry].filter((type) => type.kind === "message" || type.kind === "enum");
  return [
    ...services.map((service) => ({ value: isFull ? service.typeName : service.name, about: "service" })),
    ...methods
      .filter(() => isFull)
      .flatMap((method) => [`${method.parent.name}.${method.name}`, `${method.parent.typeName}.${method.name}`])
      .map((value) => ({ value, about: "method" })),
    ...types
      .filter(({ typeName }) => !typeName.startsWith("google.protobuf."))
      .map((type) => ({ value: isFull ? type.typeName : type.name, about: type.kind })),
  ];
}

/** Returns the method's own name; the name of its service is added if several methods have the same name. */
function shortest(method: DescMethod, all: readonly DescMethod[]): string {
  const same = all.filter(({ name }) => name === method.name);
  if (same.length === 1) {
    return method.name;
  }
  const isOneService = same.every(({ parent }) => parent === method.parent || parent.name !== method.parent.name);
  return isOneService ? `${method.parent.name}/${method.name}` : methodName(method);
}

function about({ input, output, proto }: DescMethod): string {
  const stream = (isStream: boolean) => (isStream ? "stream " : "");
  return `${stream(proto.clientStreaming)}${input.name} → ${stream(proto.serverStreaming)}${output.name}`;
}
