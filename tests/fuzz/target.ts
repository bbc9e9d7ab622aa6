import type { Case } from "./case.js";

/** A program of ours under test. */
export interface Target extends AsyncDisposable {
  /** Runs a case. @returns what went wrong, or undefined */
  run(one: Case): Promise<string | undefined>;
  /** Checks that a correct peer is still served. @returns what went wrong, or undefined */
  check(): Promise<string | undefined>;
}

/** Returns the promise's outcome. After the timeout, it rejects with an error that names what was waited for. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
