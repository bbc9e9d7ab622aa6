import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import { gzip, maxWaitingBytes } from "../dist/messages/gzip.js";

const mebibyte = 2 ** 20;

describe("gzip", () => {
  it("restores the original, also of several members, and of an empty message", async () => {
    const bytes = new Uint8Array(randomBytes(100_000));
    assert.deepEqual(await gzip.decompress(await gzip.compress(bytes), 100_000), bytes);
    const parts = Buffer.concat([gzipSync(Buffer.from("ab")), gzipSync(Buffer.alloc(5_000, 99))]);
    assert.equal((await gzip.decompress(new Uint8Array(parts), 10_000)).length, 5_002);
    assert.equal((await gzip.decompress(new Uint8Array(0), 1)).length, 0);
    assert.equal((await gzip.decompress(new Uint8Array(gzipSync(Buffer.alloc(0))), 1)).length, 0);
  });

  it("accepts the maximum size, and refuses one byte more", async () => {
    const bytes = new Uint8Array(gzipSync(Buffer.alloc(mebibyte)));
    assert.equal((await gzip.decompress(bytes, mebibyte)).length, mebibyte);
    await assert.rejects(gzip.decompress(bytes, mebibyte - 1), isError(Code.ResourceExhausted, /readMaxBytes 1048575/));
  });

  it("does not trust a wrong length", async () => {
    const small = gzipSync(Buffer.from("small"));
    small.writeUInt32LE(0xffffffff, small.length - 4);
    await assert.rejects(
      gzip.decompress(new Uint8Array(small), 10 * mebibyte),
      isError(Code.Internal, /decompression failed/),
    );
    const large = gzipSync(Buffer.alloc(3 * mebibyte));
    large.writeUInt32LE(1, large.length - 4);
    await assert.rejects(
      gzip.decompress(new Uint8Array(large), 10 * mebibyte),
      isError(Code.Internal, /decompression failed/),
    );
  });

  it("fails with Internal if the data are malformed or truncated", async () => {
    const whole = new Uint8Array(gzipSync(Buffer.alloc(1_000, 7)));
    for (const bytes of [new Uint8Array([1]), Buffer.from("not gzip at all"), whole.subarray(0, whole.length - 3)]) {
      await assert.rejects(
        gzip.decompress(new Uint8Array(bytes), 10_000),
        isError(Code.Internal, /decompression failed/),
      );
    }
  });

  it("limits the memory of many messages that expand, and refuses more than it has room for", async () => {
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(10 * mebibyte)));
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    let running = 60;
    for (let i = 0; i < 60; i++) {
      void gzip.decompress(bomb, 10 * mebibyte - 1).then(
        () => assert.fail("it is too large"),
        () => void running--,
      );
    }
    while (running > 0) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      await new Promise(setImmediate);
    }
    assert.ok(most < 150 * mebibyte, `${most} bytes of 600 MiB`); // garbage that is not collected yet counts as well

    const incompressible = new Uint8Array(gzipSync(randomBytes(mebibyte)));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 70 }, () => gzip.decompress(incompressible, 2 * mebibyte)),
    );
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    const room = Math.floor(maxWaitingBytes / incompressible.length);
    assert.equal(refused.length, 70 - room - 2);
    for (const { reason } of refused) {
      assert.ok(isError(Code.ResourceExhausted, /wait to be decompressed/)(reason));
    }
    assert.equal((await gzip.decompress(incompressible, 2 * mebibyte)).length, mebibyte);
  });
});

function isError(code: Code, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof ConnectError && error.code === code && message.test(error.message);
}
