import { decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import { joined } from "../typescript-peers.js";

/** Metadata as a list: keys in lower case, a key's values in order, text as UTF-8. */
export type Entry = readonly [key: string, value: Uint8Array];

/** The entries of `headers`; the values of a "-bin" key, which `Headers` joins, taken apart and decoded. */
export function entriesOf(headers: Headers): Entry[] {
  const entries: Entry[] = [];
  for (const [key, joined] of headers) {
    if (isBinary(key)) {
      for (const value of joined.split(",")) {
        entries.push([key, decodeBinaryHeader(value.trim())]);
      }
    } else {
      entries.push([key, Buffer.from(joined)]);
    }
  }
  return entries;
}

/** The opposite of `entriesOf`. */
export function headersOf(entries: readonly Entry[]): Headers {
  const headers = new Headers();
  for (const [key, value] of entries) {
    headers.append(key, isBinary(key) ? encodeBinaryHeader(value) : Buffer.from(value).toString());
  }
  return headers;
}

/** A key's values; those of a text key as one. */
export function valuesOf(entries: readonly Entry[], key: string): string[] {
  const values = entries.filter(([k]) => k === key).map(([, value]) => Buffer.from(value));
  return isBinary(key) ? values.map((value) => value.toString("hex")) : [joined(values)];
}

function isBinary(key: string): boolean {
  return key.endsWith("-bin");
}
