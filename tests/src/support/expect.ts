import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";

/** The ConnectError that this fails with, which must have this code. */
export async function failure(outcome: Promise<unknown>, code: Code): Promise<ConnectError> {
  try {
    await outcome;
  } catch (error) {
    assert.ok(error instanceof ConnectError, `not a ConnectError: ${error}`);
    assert.equal(Code[error.code], Code[code], error.message);
    return error;
  }
  return assert.fail(`expected ${Code[code]}, but it succeeded`);
}

/** All that comes out of an iterable. */
export async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) {
    list.push(value);
  }
  return list;
}

/** These values as an async iterable. */
export async function* iterate<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values;
}

/** Waits until it holds, looking again each turn of the event loop. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
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
