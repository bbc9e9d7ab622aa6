/**
 * The descriptors of a server's services: `reflection.ts` asks the server for them, `file-source.ts` reads them from
 * files. Both return protobuf-es descriptors, with which messages are read and written without generated code.
 */
import type { DescEnum, DescExtension, DescMessage, DescService, Registry } from "@bufbuild/protobuf";

/** A type that has a full name. */
export type NamedType = DescMessage | DescEnum | DescService;

/** A source of descriptors. */
export interface DescriptorSource extends AsyncDisposable {
  /** Where the descriptors come from, for error messages. */
  readonly origin: string;
  /** Returns the full names of all services. */
  services(): Promise<readonly string[]>;
  /** Returns the message, enum or service with this full name; undefined if there is none. */
  find(typeName: string): Promise<NamedType | undefined>;
  /** All types that are known so far. */
  readonly registry: Registry;
}

export function namedType(desc: NamedType | DescExtension | undefined): NamedType | undefined {
  return desc?.kind === "extension" ? undefined : desc;
}

/** Whether this is the reflection service, which users do not call directly. */
export function isReflection(service: string): boolean {
  return service.startsWith("grpc.reflection.");
}

/** Whether this is a service that any server may have in addition to its own ones: health, reflection, stats. */
export function isInfrastructure(service: string): boolean {
  return isReflection(service) || service.startsWith("grpc.health.") || service === "vyra.ipc.StatsService";
}
