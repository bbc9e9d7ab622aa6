import type { TextContext } from "./context.js";
import { quoted } from "./literal.js";

/** A range of numbers that includes the last one. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

export function rangeText({ first, last }: Range, max: number): string {
  return first === last ? String(first) : `${first} to ${last === max ? "max" : last}`;
}

/** Returns the reserved numbers and names. In editions, reserved names are written without quotes. */
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
