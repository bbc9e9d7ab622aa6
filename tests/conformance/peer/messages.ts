import { create, createRegistry } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError } from "@connectrpc/connect";
import {
  type Error as ErrorMessage,
  ErrorSchema,
  file_connectrpc_conformance_v1_service,
  type Header,
  HeaderSchema,
} from "./gen/connectrpc/conformance/v1/service_pb.js";

/** The messages that may be in an Any: requests and error details. JSON needs this registry as well. */
export const registry = createRegistry(file_connectrpc_conformance_v1_service);

export function headerMessages(headers: Iterable<[string, string]>): Header[] {
  return Array.from(headers, ([name, value]) => create(HeaderSchema, { name, value: [value] }));
}

export function addHeaders(to: Headers, headers: readonly Header[] = []): void {
  for (const { name, value } of headers) {
    for (const one of value) {
      to.append(name, one);
    }
  }
}

/** Creates the error that a server is asked for. The suite uses the same numbers for codes as gRPC and Connect. */
export function errorOf({ code, message, details }: ErrorMessage, more: readonly Any[] = []): ConnectError {
  const outgoing = [...details, ...more].map((any) => {
    const value = anyUnpack(any, registry);
    const desc = value && registry.getMessage(value.$typeName);
    if (value === undefined || desc === undefined) {
      throw new Error(`cannot unpack ${any.typeUrl}`);
    }
    return { desc, value };
  });
  return new ConnectError(message ?? "", code as number as Code, undefined, outgoing);
}

/** Describes the error that a client received. */
export function errorMessage({ code, rawMessage, details }: ConnectError): ErrorMessage {
  return create(ErrorSchema, {
    code: code as number as ErrorMessage["code"],
    message: rawMessage,
    details: details.map((detail) =>
      "desc" in detail
        ? anyPack(detail.desc, create(detail.desc, detail.value))
        : create(AnySchema, { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value }),
    ),
  });
}
