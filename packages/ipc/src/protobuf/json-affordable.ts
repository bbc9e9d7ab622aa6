import type { DescMessage } from "@bufbuild/protobuf";
import { type JsonShape, shapeOf } from "./json-shape.js";
import { allowedBytes, alwaysAffordableBytes, tooCostly } from "./message-cost.js";

/**
 * Checks, before JSON is parsed, that it will not take memory out of proportion to its size. It adds up the memory of
 * the parsed JSON and of the message, since both exist at the same time. Malformed JSON is left to the parser.
 *
 * @param type the type of the message
 * @throws {ConnectError} ResourceExhausted if the memory exceeds 256 MiB, or 25 bytes for each byte of the JSON if that
 *   is more
 */
export function assertJsonAffordable(type: DescMessage, bytes: Uint8Array): void {
  if (bytes.length > alwaysAffordableBytes && !isAffordable(shapeOf(type), bytes)) {
    throw tooCostly(type, bytes.length);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;

/** An array or an object whose end has not been reached. */
interface OpenValue {
  readonly shape: JsonShape;
  readonly isObject: boolean;
}

function isAffordable(root: JsonShape, bytes: Uint8Array): boolean {
  let left = allowedBytes(bytes.length);
  /** The open values, from the outermost to the innermost, which is `within`. */
  const open: OpenValue[] = [];
  let within: OpenValue | undefined;
  /** The shape of the next value, unless a key precedes it. */
  let next = root;
  let isKeyNext = false;
  for (let at = 0; at < bytes.length && left >= 0; ) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      const end = endOfString(bytes, at + 1);
      if (isKeyNext && within !== undefined) {
        left -= within.shape.keyBytes;
        next = within.shape.valueOf(bytes, at, end);
        isKeyNext = false;
      } else {
        left -= next.scalarBytes;
      }
      at = end;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      isKeyNext = byte === OPEN_OBJECT;
      left -= isKeyNext ? next.objectBytes : next.arrayBytes;
      within = { shape: next, isObject: isKeyNext };
      open.push(within);
      next = next.element;
      at++;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      open.pop();
      within = open.at(-1);
      isKeyNext = false;
      at++;
    } else if (byte === COMMA) {
      isKeyNext = within?.isObject === true;
      next = within?.shape.element ?? root;
      at++;
    } else if (byte === COLON || byte <= SPACE) {
      at++;
    } else {
      left -= next.scalarBytes;
      at = endOfLiteral(bytes, at);
    }
  }
  return left >= 0;
}

/** Returns the end of a string, after its closing quotation mark. `start` is the index of its first character. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== QUOTE) {
    at += bytes[at] === BACKSLASH ? 2 : 1;
  }
  return at + 1;
}

/** Returns the end of a number, `true`, `false` or `null` that begins at `start`. */
function endOfLiteral(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (
      byte <= SPACE ||
      byte === COMMA ||
      byte === QUOTE ||
      (byte | 0x20) === CLOSE_OBJECT ||
      (byte | 0x20) === OPEN_OBJECT
    ) {
      break;
    }
  }
  return at;
}
