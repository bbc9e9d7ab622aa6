import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

/**
 * What messages take in memory. Two bytes on the wire can be an object with many lists, two hundred times as large: 10 MiB of them would
 * be 2 GiB, more than the heap of most processes. So a parser counts the messages and bytes fields that it makes, and stops where they
 * are out of proportion. Other values need no counting: a string, a number or a map's entry takes less than 25 bytes for each of its own.
 */

/** An input may become so many bytes for each of its own, and so many in any case. */
const BYTES_PER_BYTE = 25;
const ALWAYS_ALLOWED = 256 * 2 ** 20;

/** In an input of no more than this, nothing is out of proportion. */
export const alwaysAffordableBytes = 20_000;

/** In bytes, as measured with Node.js 20 on 64 bits. A field is a pointer in its message. */
const MESSAGE_BYTES = 64;
const FIELD_BYTES = 8;
const LIST_BYTES = 32;
const MAP_BYTES = 56;
const ONEOF_BYTES = 40;
/** A `Uint8Array` with its memory. */
export const BYTES_FIELD_BYTES = 160;
/** The unknown fields of one message, however many. */
export const UNKNOWN_BYTES = 200;

/** What the input that is being parsed may still become. */
export const allowance = {
  left: 0,
  begin(inputBytes: number): void {
    allowance.left = allowedBytes(inputBytes);
  },
};

/** A message of this type without any field set. */
export function blankBytesOf({ fields, oneofs }: DescMessage): number {
  let bytes = MESSAGE_BYTES + oneofs.length * ONEOF_BYTES + fields.length * FIELD_BYTES;
  for (const { fieldKind } of fields) {
    bytes += fieldKind === "list" ? LIST_BYTES : fieldKind === "map" ? MAP_BYTES : 0;
  }
  return bytes;
}

export function tooCostly(type: DescMessage, inputBytes: number): ConnectError {
  return new ConnectError(
    `${type.typeName} of ${inputBytes} bytes would take more than ${allowedBytes(inputBytes)} bytes of memory when parsed: ` +
      "it consists of very many very small messages, entries or fields; send fewer of them in one message",
    Code.ResourceExhausted,
  );
}

/** What an input of so many bytes may become. */
export function allowedBytes(inputBytes: number): number {
  return Math.max(ALWAYS_ALLOWED, inputBytes * BYTES_PER_BYTE);
}
