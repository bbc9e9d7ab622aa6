import type { TextContext } from "./context.js";
import { quoted } from "./literal.js";

/** Numbers, the last one included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

export function rangeText({ first, last }: Range, max: number): string {
  return first === last ? String(first) : `${first} to ${last === max ? "max" : last}`;
}

/** What may not be used any more. Since editions, names are written without quotes. */
export function reservedText(
  { hasEdition }: TextContext,
  ranges: readonly Range[],
  names: readonly string[],
  max: number,
): string[] {
  return [
    ...(ranges.length === 0 ? [] : [`reserved ${ranges.map((range) => rangeText(range, max)).join(", ")};`]),
    ...(names.length === 0 ? [] : [`reserved ${names.map((name) => (hasEdition ? name : quoted(name))).join(", ")};`]),
  ];
}
