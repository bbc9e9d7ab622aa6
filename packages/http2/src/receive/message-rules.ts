import { fieldProblem, isFieldValue, isPseudo } from "../field-rules.js";
import type { HeaderList } from "../hpack/header-list.js";

/** The kinds of field list; each has rules of its own. */
export const ListRole = {
  REQUEST: 0,
  RESPONSE: 1,
  TRAILERS: 2,
} as const;
export type ListRole = (typeof ListRole)[keyof typeof ListRole];

/**
 * Returns what makes a received list malformed (RFC 9113 §8.1.1, §8.2, §8.3), or null. A list that the peer repeats is
 * checked only once; this also determines its `contentLength` and `status`.
 */
export function listProblem(list: HeaderList, role: ListRole): string | null {
  if (list.checkedRole !== role) {
    list.checkedRole = role;
    list.problem = findProblem(list, role);
  }
  return list.problem;
}

/** Returns what makes the fields that follow a list malformed, or null. They contain no pseudo-header fields. */
export function extraProblem(list: HeaderList, extra: readonly string[]): string | null {
  for (let i = 0; i < extra.length; i += 2) {
    const problem = fieldProblem(extra[i]!, extra[i + 1]!);
    if (problem !== null) return problem;
    if (extra[i] !== "content-length") continue;
    if (list.contentLength >= 0 || extra.indexOf("content-length") !== i) return "field content-length appears twice";
    if (parseContentLength(extra[i + 1]!) < 0)
      return `field content-length is invalid: ${JSON.stringify(extra[i + 1])}`;
  }
  return null;
}

/** Returns the content-length of a valid list and the fields that follow it, or -1 if there is none. */
export function contentLengthOf(list: HeaderList, extra: readonly string[]): number {
  for (let i = 0; i < extra.length; i += 2) {
    if (extra[i] === "content-length") return parseContentLength(extra[i + 1]!);
  }
  return list.contentLength;
}

function findProblem(list: HeaderList, role: ListRole): string | null {
  const { fields } = list;
  const pseudo = new Map<string, string>();
  let regularSeen = false;
  list.contentLength = -1;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    const value = fields[i + 1]!;
    if (isPseudo(name)) {
      if (regularSeen) return `pseudo-header field ${name} after regular fields`;
      if (pseudo.has(name)) return `pseudo-header field ${name} appears twice`;
      if (!isFieldValue(value)) return `value of field ${name} has a character that is not allowed`;
      pseudo.set(name, value);
      continue;
    }
    regularSeen = true;
    const problem = fieldProblem(name, value) ?? noteContentLength(list, name, value);
    if (problem !== null) return problem;
  }
  if (role === ListRole.REQUEST) return requestProblem(pseudo);
  if (role === ListRole.RESPONSE) return responseProblem(list, pseudo);
  for (const name of pseudo.keys()) return `pseudo-header field ${name} in trailers`;
  return null;
}

function noteContentLength(list: HeaderList, name: string, value: string): string | null {
  if (name !== "content-length") return null;
  const length = parseContentLength(value);
  if (length < 0) return `field content-length is invalid: ${JSON.stringify(value)}`;
  if (list.contentLength >= 0 && list.contentLength !== length) return "field content-length appears twice";
  list.contentLength = length;
  return null;
}

/** Returns the value of content-length, or -2 if it is not a number of at most 15 digits. */
function parseContentLength(value: string): number {
  return /^[0-9]{1,15}$/.test(value) ? Number(value) : -2;
}

/** Checks the pseudo-header fields of a request (RFC 9113 §8.3.1, and §8.5 for CONNECT). */
function requestProblem(pseudo: ReadonlyMap<string, string>): string | null {
  for (const name of pseudo.keys()) {
    if (name !== ":method" && name !== ":scheme" && name !== ":path" && name !== ":authority") {
      return `pseudo-header field ${name} in a request`;
    }
  }
  const method = pseudo.get(":method");
  if (method === undefined || method === "") return "request without :method";
  const path = pseudo.get(":path");
  if (method === "CONNECT") {
    if (path !== undefined || pseudo.has(":scheme")) return "CONNECT request with :scheme or :path";
    return pseudo.has(":authority") ? null : "CONNECT request without :authority";
  }
  const scheme = pseudo.get(":scheme");
  if (scheme === undefined || scheme === "") return "request without :scheme";
  if (path === undefined || path === "") return "request without :path";
  const isHttp = scheme === "http" || scheme === "https";
  if (isHttp && !path.startsWith("/") && !(path === "*" && method === "OPTIONS")) {
    return `:path ${JSON.stringify(path)} does not begin with a slash`;
  }
  return null;
}

/** Checks the pseudo-header fields of a response (RFC 9113 §8.3.2). Status 101 is invalid in HTTP/2 (§8.6). */
function responseProblem(list: HeaderList, pseudo: ReadonlyMap<string, string>): string | null {
  for (const name of pseudo.keys()) if (name !== ":status") return `pseudo-header field ${name} in a response`;
  const status = pseudo.get(":status");
  if (status === undefined) return "response without :status";
  if (!/^[1-9][0-9][0-9]$/.test(status) || status === "101") return `:status ${JSON.stringify(status)} is invalid`;
  list.status = Number(status);
  return null;
}
