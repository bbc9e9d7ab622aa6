import { type DescEnum, ScalarType } from "@bufbuild/protobuf";

/**
 * Returns a string or bytes in quotes. Characters other than plain ASCII are escaped byte by byte, which all compilers
 * can read.
 */
export function quoted(value: string | Uint8Array): string {
  if (typeof value !== "string") {
    return `"${[...value].map((byte) => (byte < 0x80 ? escaped(String.fromCharCode(byte)) : octal(byte))).join("")}"`;
  }
  return `"${value.replace(/["\\\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, escaped)}"`;
}

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\" };

function escaped(char: string): string {
  return short[char] ?? (/^[ -~]$/.test(char) ? char : [...Buffer.from(char)].map(octal).join(""));
}

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, "0")}`;
}

/**
 * Returns the bytes of a default value, which descriptors escape as C does.
 *
 * @see https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
 * FieldDescriptorProto.default_value
 */
export function unescapedBytes(text: string): Uint8Array {
  const parts: Buffer[] = [];
  for (const [part, octalDigits, hexDigits, letter] of text.matchAll(
    /\\([0-7]{1,3})|\\[xX]([\da-fA-F]{1,2})|\\(.)|[^\\]+|\\/gs,
  )) {
    if (octalDigits !== undefined) {
      parts.push(Buffer.of(Number.parseInt(octalDigits, 8)));
    } else if (hexDigits !== undefined) {
      parts.push(Buffer.of(Number.parseInt(hexDigits, 16)));
    } else {
      parts.push(Buffer.from(letter === undefined ? part : (long[letter] ?? letter)));
    }
  }
  return Buffer.concat(parts);
}

const long: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Returns a scalar's value as options write it. */
export function scalarText(type: ScalarType, value: unknown): string {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return quoted(value as string | Uint8Array);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return floatText(value as number);
    default:
      return String(value);
  }
}

function floatText(value: number): string {
  if (Number.isNaN(value)) {
    return "nan";
  }
  if (!Number.isFinite(value)) {
    return value > 0 ? "inf" : "-inf";
  }
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Returns the name of an enum's value, or its number if it has no name. */
export function enumValueText(desc: DescEnum, value: number): string {
  return desc.value[value]?.name ?? String(value);
}
