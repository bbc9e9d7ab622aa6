import type { DescMessage } from "@bufbuild/protobuf";
import { type JsonShape, shapeOf } from "./json-shape.js";
import { allowedBytes, alwaysAffordableBytes, tooCostly } from "./message-cost.js";

/**
 * Looks through JSON that is going to be parsed, and makes nothing of it: what it will be in memory, as JSON and as a message, both of which
 * are there for a moment, must not be out of proportion to its bytes. What is no JSON is left for the parser to find out.
 *
 * @throws {ConnectError} ResourceExhausted above 256 MiB, or 25 bytes for each of its own if that is more
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

/** An array or an object whose end has not come. */
interface Open {
  readonly shape: JsonShape;
  readonly isObject: boolean;
}

function isAffordable(root: JsonShape, bytes: Uint8Array): boolean {
  let left = allowedBytes(bytes.length);
  const around: Open[] = [];
  let within: Open | undefined;
  /** What the next value is, unless a key comes first. */
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
      around.push(within);
      next = next.element;
      at++;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      around.pop();
      within = around.at(-1);
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

/** Where the string ends whose first character is at this place, its quotation mark included. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== QUOTE) {
    at += bytes[at] === BACKSLASH ? 2 : 1;
  }
  return at + 1;
}

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
