/**
 * The characters that field names and values may contain (RFC 9113 §8.2.1), for both directions: a field that is
 * malformed when it is received is refused when it is to be sent.
 */

const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;

/** The characters of a token (RFC 9110 §5.6.2) without upper-case letters. */
const nameCharacters = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") {
  nameCharacters[character.charCodeAt(0)] = 1;
}

/** Connection-specific fields, which HTTP/2 forbids (RFC 9113 §8.2.2). `te` is allowed, but only with "trailers". */
const connectionFields: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** Tells whether a name is that of a pseudo-header field, such as `:path`. */
export function isPseudo(name: string): boolean {
  return name.charCodeAt(0) === COLON;
}

/** Returns what is wrong with a field that is not a pseudo-header field, or null if it is valid. */
export function fieldProblem(name: string, value: string): string | null {
  if (!isFieldName(name)) return `field name ${JSON.stringify(name)} has a character that is not allowed`;
  if (!isFieldValue(value)) return `value of field ${name} has a character that is not allowed`;
  switch (name.length) {
    case 2:
      return name === "te" && value !== "trailers" ? `field te is ${JSON.stringify(value)}, not "trailers"` : null;
    case 7:
    case 10:
    case 16:
    case 17:
      return connectionFields.has(name) ? `field ${name} is connection-specific, which http/2 forbids` : null;
    default:
      return null;
  }
}

function isFieldName(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (nameCharacters[name.charCodeAt(i)] !== 1) return false;
  return name.length > 0;
}

/** Tells whether a value has no NUL, CR or LF, no white space at either end, and no character beyond Latin-1. */
export function isFieldValue(value: string): boolean {
  const { length } = value;
  if (length === 0) return true;
  for (let i = 0; i < length; i++) {
    const character = value.charCodeAt(i);
    if (character > 0xff || character === 0 || character === 0x0a || character === 0x0d) return false;
  }
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(length - 1));
}

function isBlank(character: number): boolean {
  return character === SPACE || character === TAB;
}

/** Checks a field list that is about to be sent. @throws TypeError that names the invalid field and the reason */
export function assertFields(fields: readonly string[]): void {
  if (fields.length % 2 !== 0) throw new TypeError(`field list of ${fields.length} strings: a value is missing`);
  let regularSeen = false;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    const value = fields[i + 1]!;
    if (isPseudo(name)) {
      if (regularSeen) throw new TypeError(`pseudo-header field ${name} after regular fields`);
      if (!isFieldValue(value)) throw new TypeError(`value of field ${name} has a character that is not allowed`);
      continue;
    }
    regularSeen = true;
    const problem = fieldProblem(name, value);
    if (problem !== null) throw new TypeError(problem);
  }
}
