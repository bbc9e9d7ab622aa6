/** The static table of RFC 7541 Appendix A. Index 0 is unused, and dynamic entries begin at 62. */
const fields: readonly (readonly [name: string, value?: string])[] = [
  [":authority"],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset"],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language"],
  ["accept-ranges"],
  ["accept"],
  ["access-control-allow-origin"],
  ["age"],
  ["allow"],
  ["authorization"],
  ["cache-control"],
  ["content-disposition"],
  ["content-encoding"],
  ["content-language"],
  ["content-length"],
  ["content-location"],
  ["content-range"],
  ["content-type"],
  ["cookie"],
  ["date"],
  ["etag"],
  ["expect"],
  ["expires"],
  ["from"],
  ["host"],
  ["if-match"],
  ["if-modified-since"],
  ["if-none-match"],
  ["if-range"],
  ["if-unmodified-since"],
  ["last-modified"],
  ["link"],
  ["location"],
  ["max-forwards"],
  ["proxy-authenticate"],
  ["proxy-authorization"],
  ["range"],
  ["referer"],
  ["refresh"],
  ["retry-after"],
  ["server"],
  ["set-cookie"],
  ["strict-transport-security"],
  ["transfer-encoding"],
  ["user-agent"],
  ["vary"],
  ["via"],
  ["www-authenticate"],
];

export const STATIC_ENTRIES = fields.length;
export const staticNames: readonly string[] = ["", ...fields.map(([name]) => name)];
export const staticValues: readonly string[] = ["", ...fields.map(([, value]) => value ?? "")];

/**
 * The first static index of each name. Entries with equal names are neighbours, so a search for a value continues
 * there.
 */
const firstIndex = new Map<string, number>();
for (let index = STATIC_ENTRIES; index > 0; index--) firstIndex.set(staticNames[index] ?? "", index);

/** Returns the lowest static index with this name, or 0. */
export function staticNameIndex(name: string): number {
  return firstIndex.get(name) ?? 0;
}

/** Returns the static index with this name and value, or 0. */
export function staticFieldIndex(name: string, value: string): number {
  let index = firstIndex.get(name) ?? 0;
  if (index === 0) return 0;
  for (; staticNames[index] === name; index++) {
    if (staticValues[index] === value) return index;
  }
  return 0;
}
