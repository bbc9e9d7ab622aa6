import { decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import { joined } from "../typescript-peers.js";

/** Metadata as a list: keys in lower case, the values of a key in order, text in UTF-8. */
export type Entry = readonly [key: string, value: Uint8Array];

/** Returns the entries of `headers`. The values of a "-bin" key, which `Headers` joins, are split and decoded. */
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

/** Returns the values of a key. Those of a text key are joined into one. */
export function valuesOf(entries: readonly Entry[], key: string): string[] {
  const values = entries.filter(([k]) => k === key).map(([, value]) => Buffer.from(value));
  return isBinary(key) ? values.map((value) => value.toString("hex")) : [joined(values)];
}

function isBinary(key: string): boolean {
  return key.endsWith("-bin");
}
