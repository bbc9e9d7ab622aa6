import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { compressInTurn, maxCompressing, maxWaitingBytes } from "../dist/messages/compress.js";

/** A compression that finishes or fails only when the test says so. */
class Slow implements Compression {
  readonly name = "slow";
  readonly begun: { readonly finish: () => void; readonly fail: (error: Error) => void }[] = [];

  compress(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      this.begun.push({ finish: () => resolve(bytes.slice(0, 1)), fail: reject });
    });
  }

  async decompress(): Promise<never> {
    throw new Error("this test does not decompress");
  }
}

describe("compressInTurn", () => {
  it("compresses a few messages at a time, in order, even if one of them fails", async () => {
    const slow = new Slow();
    const count = 20;
    const results = Array.from({ length: count }, (_, i) =>
      compressInTurn(slow, new Uint8Array([i])).then(
        ([first]) => first,
        (error: Error) => error.message,
      ),
    );
    for (let i = 0; i < count; i++) {
      await new Promise(setImmediate);
      assert.equal(slow.begun.length, Math.min(count, i + maxCompressing));
      if (i === 7) {
        slow.begun[i]?.fail(new Error("broken"));
      } else {
        slow.begun[i]?.finish();
      }
    }
    assert.deepEqual(
      await Promise.all(results),
      Array.from({ length: count }, (_, i) => (i === 7 ? "broken" : i)),
    );
  });

  it("refuses a message if the waiting ones would exceed a limit in bytes", async () => {
    const slow = new Slow();
    const bytes = new Uint8Array(maxWaitingBytes / 8);
    const running = Array.from({ length: maxCompressing + 7 }, () => compressInTurn(slow, bytes));
    await assert.rejects(
      compressInTurn(slow, bytes),
      (error) => error instanceof ConnectError && error.code === Code.ResourceExhausted,
    );
    for (let i = 0; i < running.length; i++) {
      await new Promise(setImmediate);
      slow.begun[i]?.finish();
    }
    await Promise.all(running);
    const after = compressInTurn(slow, bytes);
    slow.begun.at(-1)?.finish();
    assert.equal((await after).length, 1);
  });
});
