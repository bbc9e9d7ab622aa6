import type { Case } from "./case.js";

/** Something of ours that cases are run against. */
export interface Target extends AsyncDisposable {
  /** @returns what went wrong, or undefined */
  run(one: Case): Promise<string | undefined>;
  /** Whether a peer that means well is still served. @returns what went wrong, or undefined */
  check(): Promise<string | undefined>;
}

/** The promise's outcome, or an error that says what was waited for, after so long. */
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
