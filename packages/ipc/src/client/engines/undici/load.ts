import { Code, ConnectError } from "@connectrpc/connect";

export type Undici = typeof import("undici");

/**
 * Loads the package undici that the application has installed, at the first call.
 *
 * @throws {ConnectError} FailedPrecondition if it is not installed, or is not undici: Bun replaces it with something
 *   of its own.
 */
export async function loadUndici(): Promise<Undici> {
  let undici: Undici;
  try {
    undici = await import("undici");
  } catch (error) {
    const message = `engine "undici" needs the package undici: npm install undici@8, or undici@7 below Node.js 22.19`;
    throw new ConnectError(message, Code.FailedPrecondition, undefined, undefined, error);
  }
  if (typeof undici.Client?.prototype?.dispatch !== "function") {
    const message = `this runtime has no undici with HTTP/2, which engine "undici" needs: use "direct" or "node"`;
    throw new ConnectError(message, Code.FailedPrecondition);
  }
  return undici;
}
