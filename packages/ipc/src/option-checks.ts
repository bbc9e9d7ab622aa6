/**
 * Checks of options that a program without types may give. They are made where a server or a channel is made, since what
 * is wrong would otherwise fail later, in each call, with an error that does not name the option.
 */

/** A value as a message shows it: "10" is not 10. */
export function shown(value: unknown): string {
  if (value === null || typeof value === "number" || typeof value === "undefined") {
    return String(value);
  }
  if (typeof value === "function") {
    return "a function";
  }
  try {
    return JSON.stringify(value) ?? `a ${typeof value}`;
  } catch {
    return `a ${typeof value}`;
  }
}

/** @throws {TypeError} for what is given and no function. */
export function assertFunction(name: string, value: unknown): void {
  if (value != null && typeof value !== "function") {
    throw new TypeError(`${name} must be a function, not ${shown(value)}`);
  }
}

/** @throws {TypeError} for what is given and no list of interceptors. */
export function assertInterceptors(value: unknown): void {
  if (value != null && !(Array.isArray(value) && value.every((each) => typeof each === "function"))) {
    throw new TypeError(`interceptors must be a list of functions, not ${shown(value)}`);
  }
}

/** @throws {TypeError} for what is given and no compression, such as its mere name. */
export function assertCompression(name: string, value: unknown): void {
  if (value != null && !isCompression(value)) {
    throw new TypeError(`${name} must be a compression, such as compressionGzip of ${origin}, not ${shown(value)}`);
  }
}

/** @throws {TypeError} for what is given and no list of compressions. */
export function assertCompressions(name: string, value: unknown): void {
  if (value != null && !(Array.isArray(value) && value.every(isCompression))) {
    throw new TypeError(
      `${name} must be a list of compressions, such as [compressionGzip] of ${origin}, not ${shown(value)}`,
    );
  }
}

const origin = "@connectrpc/connect-node";

function isCompression(value: unknown): boolean {
  const { name, compress, decompress } = (value ?? {}) as Record<string, unknown>;
  return typeof name === "string" && typeof compress === "function" && typeof decompress === "function";
}
