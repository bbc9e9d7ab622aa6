/**
 * JSON whose integers are exact. JSON.parse makes a double of every number, which holds integers up to 2^53; protobuf's 64-bit kinds
 * need more. What JSON.parse would round is therefore handed to it as a marked string, from which `exactFor` makes what the field wants:
 * the digits for a 64-bit kind, a number for all others.
 *
 * JSON.parse itself does the parsing: parsers in JavaScript that keep the text of numbers take fifty times as long and some 40 bytes for
 * each character of a string, and end the process on deep input. Node.js 21 and later give a reviver the text; 20 does not.
 */
import type { DescExtension, DescField, DescMessage, JsonValue, Registry } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { usage } from "../failure.js";

/** A JSON value in which strings that begin with the mark stand for numbers. */
export interface ExactJson {
  readonly json: JsonValue;
  /** Undefined where no number needs it. */
  readonly mark: string | undefined;
}

/** @throws {Failure} if the text is no JSON. */
export function parseExactJson(text: string, where: string): ExactJson {
  try {
    const inexact = [...inexactNumbers(text)];
    if (inexact.length === 0) {
      return { json: JSON.parse(text) as JsonValue, mark: undefined };
    }
    JSON.parse(text); // for its complaint, with positions in the text as the user wrote it
    const mark = unusedCharacter(text);
    return { json: JSON.parse(withMarkedStrings(text, inexact, mark)) as JsonValue, mark };
  } catch (error) {
    throw usage(`${where} is not JSON: ${(error as Error).message}`);
  }
}

/**
 * The JSON of a message without marks, as protobuf-es reads it.
 *
 * @throws {Failure} where an integer is wanted and the number is none, or a number is too large for a double.
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
      throw usage(
        `${where} is no ${desc.typeName}: ${path === "" ? "" : `${path}: `}expected an integer, got ${source}`,
      );
    }
    return digits;
  }

  /** Where nothing or something else is known of a value, its numbers are doubles, as JSON has them. */
  function ofUnknown(value: JsonValue, path: string): JsonValue {
    const source = sourceOf(value);
    if (source !== undefined) {
      const number = Number(source);
      if (!Number.isFinite(number)) {
        throw usage(
          `${where} is no ${desc.typeName}: ${path === "" ? "" : `${path}: `}${source} is too large a number`,
        );
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

type JsonObject = { [key: string]: JsonValue };

function isObject(json: JsonValue): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** Object.fromEntries defines properties, so that a key `__proto__` is one as well. */
function mapObject(object: JsonObject, map: (key: string, value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(key, value)]));
}

/** Where a number stands in a text. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** The numbers in a text that a double may not hold as they are written. The text may be no JSON. */
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

/** Where the string that begins here ends. */
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

/** A fraction is rounded by nature; an integer that is written as one, `1e3` or `1.0`, may have been rounded to be one. */
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

/** A character, of those that Unicode leaves to private use, which no string of the text has in it, escaped or not. */
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

/** More digits than any integer of 64 bits has. */
const mostDigits = 40;

/** The digits of a number that is an integer, however it is written (`1.5e3`); undefined if it is none. */
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
  // A number that is far too large keeps its own form, in which it is refused.
  return significant.length + shift > mostDigits ? source : sign + significant + "0".repeat(shift);
}
