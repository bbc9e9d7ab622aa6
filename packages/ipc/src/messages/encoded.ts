import type { Compression } from "@connectrpc/connect/protocol";
import { assertWritable, compressedFlag } from "../grpc/envelope.js";
import { compressInTurn } from "./compress.js";

/** A serialized message in the form in which it is sent, without its envelope. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

/** The limits for sending the messages of one direction. */
export interface SendingRules {
  readonly writeMaxBytes: number;
  readonly compressMinBytes: number;
}

/**
 * Returns a serialized message in the form in which it is sent; a promise if it is compressed. @throws {ConnectError}
 * ResourceExhausted for a message that is too large
 */
export function encodedAs(
  bytes: Uint8Array,
  { writeMaxBytes, compressMinBytes }: SendingRules,
  compression: Compression | null,
): Encoded | Promise<Encoded> {
  assertWritable(bytes.length, writeMaxBytes);
  if (compression === null || bytes.length < compressMinBytes) {
    return { bytes, flags: 0 };
  }
  return compressInTurn(compression, bytes).then((compressed) => ({ bytes: compressed, flags: compressedFlag }));
}
