import { Code, ConnectError } from "@connectrpc/connect";

export type Undici = typeof import("undici");

/**
 * The package undici as the application has it. It is loaded when the first call needs it, by nobody else.
 *
 * @throws {ConnectError} FailedPrecondition if it is not installed, or is not undici: Bun puts something of its own in its place.
 */
export async function loadUndici(): Promise<Undici> {
  let undici: Undici;
  try {
    undici = await import("undici");
  } catch (error) {
    const message = `the engine "undici" needs the package undici: npm install undici@8, or undici@7 below Node.js 22.19`;
    throw new ConnectError(message, Code.FailedPrecondition, undefined, undefined, error);
  }
  if (typeof undici.Client?.prototype?.dispatch !== "function") {
    const message = `the engine "undici" needs Node.js: this runtime has no undici with HTTP/2. Use the engine "direct" or "node"`;
    throw new ConnectError(message, Code.FailedPrecondition);
  }
  return undici;
}
