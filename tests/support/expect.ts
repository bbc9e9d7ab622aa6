import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";

/** Returns the ConnectError with which the promise rejects, which must have this code. */
export async function failure(outcome: Promise<unknown>, code: Code): Promise<ConnectError> {
  try {
    await outcome;
  } catch (error) {
    const failed = connectError(error);
    assert.equal(Code[failed.code], Code[code], failed.message);
    return failed;
  }
  return assert.fail(`expected ${Code[code]}, but it succeeded`);
}

/**
 * Returns the error with which a channel's wait rejects, which must have this code. If the wait ends with
 * DeadlineExceeded, it is repeated with a longer timeout: a busy machine may need more time to find the reason.
 */
export async function timedOut(wait: (timeoutMs: number) => Promise<void>, code: Code): Promise<ConnectError> {
  for (let timeoutMs = 50; ; timeoutMs *= 2) {
    const error = await wait(timeoutMs).then(() => assert.fail("it was ready"), connectError);
    if (error.code !== Code.DeadlineExceeded || timeoutMs > 30_000) {
      assert.equal(Code[error.code], Code[code], error.message);
      return error;
    }
  }
}

function connectError(error: unknown): ConnectError {
  assert.ok(error instanceof ConnectError, `not a ConnectError: ${error}`);
  return error;
}

/** Collects all values of an async iterable. */
export async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) {
    list.push(value);
  }
  return list;
}

/** Returns these values as an async iterable. */
export async function* iterate<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values;
}

/**
 * Waits until the condition holds. It is checked in each turn of the event loop, for as long as a test may take on a
 * busy machine.
 */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!condition()) {
    assert.ok(performance.now() < giveUpAt, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A value that comes later. */
export function later<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((r) => {
    resolve = r;
  });
  return { promise, resolve };
}
