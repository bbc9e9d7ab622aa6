/**
 * JSON with exact integers. JSON.parse turns every number into a double, which holds integers up to 2^53; protobuf's
 * 64-bit types need more. Each number that JSON.parse would round is therefore replaced with a marked string before
 * parsing. `exactFor` then turns each marked string into what its field takes: digits for an integer, and a number for
 * everything else.
 *
 * JSON.parse does the actual parsing. Parsers in JavaScript that keep the text of numbers take fifty times as long and
 * some 40 bytes for each character of a string, and they exhaust the stack on deep input. Node.js 21 and later pass the
 * text of a number to a reviver; Node.js 20 does not.
 */
import type { DescExtension, DescField, DescMessage, JsonObject, JsonValue, Registry } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { usage } from "../failure.js";
import { invalidMessage } from "./invalid-message.js";
import { isObject } from "./json-object.js";

/** A JSON value in which a string that begins with the mark stands for a number. */
export interface ExactJson {
  readonly json: JsonValue;
  /** The mark; undefined if no number needs one. */
  readonly mark: string | undefined;
}

/** @throws {Failure} if the text is not JSON. */
export function parseExactJson(text: string, where: string): ExactJson {
  try {
    const inexact = [...inexactNumbers(text)];
    if (inexact.length === 0) {
      return { json: JSON.parse(text) as JsonValue, mark: undefined };
    }
    JSON.parse(text); // throws an error with positions in the user's own text
    const mark = unusedCharacter(text);
    return { json: JSON.parse(withMarkedStrings(text, inexact, mark)) as JsonValue, mark };
  } catch (error) {
    throw usage(`${where} is not JSON: ${(error as Error).message}`);
  }
}

/**
 * Returns the JSON of a message without marks, as protobuf-es reads it.
 *
 * @throws {Failure} if a number in an integer field is not an integer, or a number is too large for a double.
 */
export function exactFor(desc: DescMessage, { json, mark }: ExactJson, registry: Registry, where: string): JsonValue {
  return mark === undefined ? json : ofMessage(desc, json, "");

  function ofMessage(message: DescMessage | undefined, value: JsonValue, path: string): JsonValue {
    if (message !== undefined && isWrapperDesc(message)) {
      return ofScalar(message.fields[0].scalar, value, path);
    }
    if (message?.typeName === "google.protobuf.Any" && isObject(value)) {
      return ofAny(value, path);
    }
    if (message === undefined || !isObject(value)) {
      return ofUnknown(value, path);
    }
    const fields = new Map(message.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field]]));
    return mapObject(value, (key, part) => {
      const field = fields.get(key) ?? extensionOf(key);
      const here = path === "" ? key : `${path}.${key}`;
      return field === undefined ? ofUnknown(part, here) : ofField(field, part, here);
    });
  }

  function ofAny(value: JsonObject, path: string): JsonValue {
    const type = value["@type"];
    const message = typeof type === "string" ? registry.getMessage(type.slice(type.lastIndexOf("/") + 1)) : undefined;
    const isSpecial = message?.typeName.startsWith("google.protobuf.") && Object.hasOwn(value, "value");
    return isSpecial
      ? mapObject(value, (key, part) => (key === "value" ? ofMessage(message, part, `${path}.value`) : part))
      : ofMessage(message, value, path);
  }

  function ofField(field: DescField | DescExtension, value: JsonValue, path: string): JsonValue {
    if (field.fieldKind === "list" && Array.isArray(value)) {
      return value.map((item, index) => ofSingle(field, item, `${path}[${index}]`));
    }
    if (field.fieldKind === "map" && isObject(value)) {
      return mapObject(value, (key, item) => ofSingle(field, item, `${path}[${JSON.stringify(key)}]`));
    }
    return ofSingle(field, value, path);
  }

  function ofSingle(field: DescField | DescExtension, value: JsonValue, path: string): JsonValue {
    return field.message === undefined ? ofScalar(field.scalar, value, path) : ofMessage(field.message, value, path);
  }

  function ofScalar(type: ScalarType | undefined, value: JsonValue, path: string): JsonValue {
    const source = sourceOf(value);
    if (source === undefined || type === undefined || !integerTypes.has(type)) {
      return ofUnknown(value, path);
    }
    const digits = integerText(source);
    if (digits === undefined) {
      throw invalidMessage(where, desc, path, `expected an integer, got ${source}`);
    }
    return digits;
  }

  /** Numbers of a field that is unknown, or that is not an integer, become doubles. */
  function ofUnknown(value: JsonValue, path: string): JsonValue {
    const source = sourceOf(value);
    if (source !== undefined) {
      const number = Number(source);
      if (!Number.isFinite(number)) {
        throw invalidMessage(where, desc, path, `${source} is too large for a double`);
      }
      return number;
    }
    if (Array.isArray(value)) {
      return value.map((item, index) => ofUnknown(item, `${path}[${index}]`));
    }
    return isObject(value) ? mapObject(value, (key, part) => ofUnknown(part, `${path}.${key}`)) : value;
  }

  function extensionOf(key: string): DescExtension | undefined {
    return key.startsWith("[") && key.endsWith("]") ? registry.getExtension(key.slice(1, -1)) : undefined;
  }

  function sourceOf(value: JsonValue): string | undefined {
    return typeof value === "string" && value.startsWith(mark as string) ? value.slice(1) : undefined;
  }
}

const integerTypes: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT32,
  ScalarType.UINT32,
  ScalarType.SINT32,
  ScalarType.FIXED32,
  ScalarType.SFIXED32,
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
]);

/** Object.fromEntries defines own properties, so that a key `__proto__` is kept as a property. */
function mapObject(object: JsonObject, map: (key: string, value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(key, value)]));
}

/** The position of a number in a text. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Yields the numbers in a text that a double may not represent exactly. The text need not be valid JSON. */
function* inexactNumbers(text: string): Iterable<Span> {
  const number = /-?\d[\d.eE+-]*/y;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"') {
      i = endOfString(text, i);
    } else if (char === "-" || (char >= "0" && char <= "9")) {
      number.lastIndex = i;
      const [source] = number.exec(text) ?? [char];
      if (mayBeInexact(source)) {
        yield { from: i, to: i + source.length };
      }
      i += source.length - 1;
    }
  }
}

/** Returns the position of the closing quote of the string that begins here. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === "\\") {
      escapes += 1;
    }
    if (escapes % 2 === 0) {
      return end;
    }
  }
  return text.length;
}

/**
 * A fraction is rounded in any case. A number that is an integer as a double, but is not written as one (`1e3`, `1.0`),
 * may have been rounded to it.
 */
function mayBeInexact(source: string): boolean {
  const value = Number(source);
  return Math.abs(value) > Number.MAX_SAFE_INTEGER || (Number.isInteger(value) && /[.eE]/.test(source));
}

function withMarkedStrings(text: string, spans: readonly Span[], mark: string): string {
  const parts: string[] = [];
  let done = 0;
  for (const { from, to } of spans) {
    parts.push(text.slice(done, from), `"${mark}${text.slice(from, to)}"`);
    done = to;
  }
  return parts.join("") + text.slice(done);
}

/** Returns a character of Unicode's private use area that no string in the text contains, escaped or not. */
function unusedCharacter(text: string): string {
  const [first, last] = [0xe000, 0xf8ff];
  for (let code = first; code <= last; code++) {
    const char = String.fromCharCode(code);
    if (!text.includes(char) && !new RegExp(`\\\\u${code.toString(16)}`, "i").test(text)) {
      return char;
    }
  }
  throw new Error("it uses every character of Unicode's private use area");
}

/** No 64-bit integer has this many digits. */
const mostDigits = 40;

/** Returns the digits of an integer, however it is written (`1.5e3`); undefined if the number is not an integer. */
function integerText(source: string): string | undefined {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const zeros = /0*$/.exec(digits)?.[0].length ?? 0;
  const significant = digits.slice(0, digits.length - zeros);
  const shift = Number(exponent) - fraction.length + zeros;
  if (significant === "") {
    return "0";
  }
  if (shift < 0) {
    return undefined;
  }
  // A number that is far too large is passed on as it is written, and protobuf-es rejects it.
  return significant.length + shift > mostDigits ? source : sign + significant + "0".repeat(shift);
}
