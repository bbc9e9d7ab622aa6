import { messageOf } from "./thrown.js";

/** Writes to standard error what went wrong where there is nobody else to be told, whatever the error is and whatever it does. */
export function logToStderr(what: string, error: unknown): void {
  try {
    console.error(`@vyra/ipc: ${what}:`, error);
  } catch {
    console.error(`@vyra/ipc: ${what}: ${messageOf(error)}`);
  }
}
