import {
  createRegistry,
  type DescMessage,
  fromBinary,
  type JsonValue,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { DescriptorSource } from "../descriptors/source.js";
import { file_google_rpc_error_details } from "../gen/google/rpc/error_details_pb.js";

const common = createRegistry(file_google_rpc_error_details);

/** Returns an error's details as JSON, each with its type. A detail of an unknown type is shown by its bytes. */
export async function readDetails(error: ConnectError, source: DescriptorSource | undefined): Promise<JsonValue[]> {
  const read: JsonValue[] = [];
  for (const detail of error.details) {
    if ("type" in detail) {
      read.push(await readDetail(detail.type, detail.value, source));
    }
  }
  return read;
}

async function readDetail(type: string, value: Uint8Array, source: DescriptorSource | undefined): Promise<JsonValue> {
  const desc = common.getMessage(type) ?? (await describedBy(source, type));
  const json = desc && decoded(desc, value, source?.registry ?? common);
  if (json === undefined) {
    return { "@type": type, base64: Buffer.from(value).toString("base64") };
  }
  return typeof json === "object" && json !== null && !Array.isArray(json)
    ? { "@type": type, ...json }
    : { "@type": type, value: json };
}

/** The error itself is reported even if the server no longer answers look-ups of its details. */
async function describedBy(source: DescriptorSource | undefined, type: string): Promise<DescMessage | undefined> {
  try {
    const found = await source?.find(type);
    return found?.kind === "message" ? found : undefined;
  } catch {
    return undefined;
  }
}

function decoded(desc: DescMessage, value: Uint8Array, registry: Registry): JsonValue | undefined {
  try {
    return toJson(desc, fromBinary(desc, value), { registry });
  } catch {
    return undefined;
  }
}
