import { messageOf } from "./thrown.js";

/**
 * Writes an error that cannot be reported to anybody else to standard error. It accepts any value and does not throw.
 */
export function logToStderr(what: string, error: unknown): void {
  try {
    console.error(`@vyra/ipc: ${what}:`, error);
  } catch {
    console.error(`@vyra/ipc: ${what}: ${messageOf(error)}`);
  }
}
