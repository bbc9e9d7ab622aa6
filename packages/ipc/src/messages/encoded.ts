import type { Compression } from "@connectrpc/connect/protocol";
import { assertWritable, compressedFlag } from "../grpc/envelope.js";

/** A message as it travels, without its envelope. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

/** How the messages of one direction are sent. */
export interface SendingRules {
  readonly writeMaxBytes: number;
  readonly compressMinBytes: number;
}

/** A serialized message as it travels; compressing takes time. @throws {ConnectError} ResourceExhausted for one that is too large */
export function encodedAs(
  bytes: Uint8Array,
  { writeMaxBytes, compressMinBytes }: SendingRules,
  compression: Compression | null,
): Encoded | Promise<Encoded> {
  assertWritable(bytes.length, writeMaxBytes);
  if (compression === null || bytes.length < compressMinBytes) {
    return { bytes, flags: 0 };
  }
  return compression.compress(bytes).then((compressed) => ({ bytes: compressed, flags: compressedFlag }));
}
