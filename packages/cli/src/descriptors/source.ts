/**
 * What a server offers, described: `reflection` asks the server itself, `file-source` reads it from files. Both answer with
 * protobuf-es' descriptors, from which messages are read and written without generated code.
 */
import type { DescEnum, DescExtension, DescMessage, DescService, Registry } from "@bufbuild/protobuf";

/** A type that has a name of its own. */
export type NamedType = DescMessage | DescEnum | DescService;

/** Where descriptions come from. */
export interface DescriptorSource extends AsyncDisposable {
  /** For messages: whose descriptions these are. */
  readonly origin: string;
  /** The full names of all services. */
  services(): Promise<readonly string[]>;
  /** The message, enum or service of this full name; undefined if there is none. */
  find(typeName: string): Promise<NamedType | undefined>;
  /** Every type that has become known so far. */
  readonly registry: Registry;
}

export function namedType(desc: NamedType | DescExtension | undefined): NamedType | undefined {
  return desc?.kind === "extension" ? undefined : desc;
}

/** Reflection itself, which nobody calls by hand. */
export function isReflection(service: string): boolean {
  return service.startsWith("grpc.reflection.");
}

/** What a server has beside the services that it is there for. */
export function isInfrastructure(service: string): boolean {
  return isReflection(service) || service.startsWith("grpc.health.") || service === "vyra.ipc.StatsService";
}
