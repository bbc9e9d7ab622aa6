import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

/**
 * The memory of parsed messages. Two bytes on the wire can be an object with many lists, two hundred times as large: 10
 * MiB of them would become 2 GiB, more than the heap of most processes. Therefore the parsers count the messages and
 * bytes fields that they create, and stop when those are out of proportion. Other values need no counting: a string, a
 * number or a map's entry takes less than 25 bytes of memory for each of its bytes on the wire.
 */

/** The allowed memory for each byte of input, and the minimum that is always allowed, in bytes. */
const BYTES_PER_BYTE = 25;
const ALWAYS_ALLOWED = 256 * 2 ** 20;

/** In an input of no more than this many bytes, nothing is out of proportion. */
export const alwaysAffordableBytes = 20_000;

/** The sizes of objects in bytes, measured with Node.js 20 on 64 bits. A field is a pointer in its message. */
const MESSAGE_BYTES = 64;
const FIELD_BYTES = 8;
const LIST_BYTES = 32;
const MAP_BYTES = 56;
const ONEOF_BYTES = 40;
/** The size of a `Uint8Array` with its memory. */
export const BYTES_FIELD_BYTES = 160;
/** The size of one message's unknown fields, however many. */
export const UNKNOWN_BYTES = 200;

/** The memory that the input being parsed may still take. */
export const allowance = {
  left: 0,
  begin(inputBytes: number): void {
    allowance.left = allowedBytes(inputBytes);
  },
};

/** Returns the memory of a message of this type without any field set, in bytes. */
export function blankBytesOf({ fields, oneofs }: DescMessage): number {
  let bytes = MESSAGE_BYTES + oneofs.length * ONEOF_BYTES + fields.length * FIELD_BYTES;
  for (const { fieldKind } of fields) {
    bytes += fieldKind === "list" ? LIST_BYTES : fieldKind === "map" ? MAP_BYTES : 0;
  }
  return bytes;
}

export function tooCostly(type: DescMessage, inputBytes: number): ConnectError {
  return new ConnectError(
    `${type.typeName} of ${inputBytes} bytes would take more than ${allowedBytes(inputBytes)} bytes of memory when ` +
      "parsed: " +
      "it consists of very many very small messages, entries or fields; send fewer of them in one message",
    Code.ResourceExhausted,
  );
}

/** What an input of so many bytes may become. */
export function allowedBytes(inputBytes: number): number {
  return Math.max(ALWAYS_ALLOWED, inputBytes * BYTES_PER_BYTE);
}
