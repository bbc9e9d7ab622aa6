/** Formats a duration for people, with three digits and a unit. */
export function formatMs(ms: number): string {
  if (ms < 0.9995) return `${digits(ms * 1_000)} µs`;
  if (ms < 999.5) return `${digits(ms)} ms`;
  if (ms < 60_000) return `${digits(ms / 1_000)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Formats a number of bytes for people, with three digits and a unit. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  return bytes < 2 ** 20 * 0.9995 ? `${digits(bytes / 1_024)} KiB` : `${digits(bytes / 2 ** 20)} MiB`;
}

function digits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/** Formats a number with thousands separators: 52,341. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
