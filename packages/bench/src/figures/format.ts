import { type FigureName, figures } from "./figures.js";

/** Formats a figure with its unit, to three digits. */
export function format(name: FigureName, value: number): string {
  switch (figures[name].unit) {
    case "count":
      return grouped(value);
    case "share":
      return `${digits(value * 100)} %`;
    case "µs":
      return duration(value);
    case "ms":
      return duration(value * 1_000);
    case "bytes":
      return bytes(value);
    case "bytes/s":
      return `${bytes(value)}/s`;
  }
}

export function formatRatio(ratio: number): string {
  if (ratio < 0.1) {
    return ratio.toFixed(3);
  }
  return ratio >= 100 ? ratio.toFixed(0) : ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2);
}

function duration(us: number): string {
  if (us < 1_000) {
    return `${digits(us)} µs`;
  }
  return us < 1_000_000 ? `${digits(us / 1_000)} ms` : `${digits(us / 1_000_000)} s`;
}

/** Formats a number of bytes: 64 KiB. */
export function bytes(value: number): string {
  const size = Math.abs(value);
  if (size < 1024) {
    return `${digits(value)} B`;
  }
  if (size < 1024 ** 2) {
    return `${digits(value / 1024)} KiB`;
  }
  return size < 1024 ** 3 ? `${digits(value / 1024 ** 2)} MiB` : `${digits(value / 1024 ** 3)} GiB`;
}

export function grouped(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}

function digits(value: number): string {
  return Math.abs(value) >= 1000 ? grouped(value) : String(Number(value.toPrecision(3)));
}
