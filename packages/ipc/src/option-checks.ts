/**
 * Checks of options that a program without types may pass. They are made when a server or channel is created, since an
 * invalid option would otherwise fail later, in each call, with an error that does not name it.
 */

/** Returns a value as an error message shows it; strings are quoted, so that "10" does not look like 10. */
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

/** Refuses a value that is set and not a function. @throws {TypeError} */
export function assertFunction(name: string, value: unknown): void {
  if (value != null && typeof value !== "function") {
    throw new TypeError(`${name} must be a function, not ${shown(value)}`);
  }
}

/** Refuses a value that is set and not a list of interceptors. @throws {TypeError} */
export function assertInterceptors(value: unknown): void {
  if (value != null && !(Array.isArray(value) && value.every((each) => typeof each === "function"))) {
    throw new TypeError(`interceptors must be a list of functions, not ${shown(value)}`);
  }
}

/** Refuses a value that is set and not a compression, such as its name. @throws {TypeError} */
export function assertCompression(name: string, value: unknown): void {
  if (value != null && !isCompression(value)) {
    throw new TypeError(`${name} must be a compression, such as compressionGzip of ${origin}, not ${shown(value)}`);
  }
}

/** Refuses a value that is set and not a list of compressions. @throws {TypeError} */
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
