import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { AddressError, resolveSocket } from "@vyra/ipc";

describe("resolveSocket", () => {
  const saved = process.env.VYRA_IPC_DIR;
  beforeEach(() => {
    delete process.env.VYRA_IPC_DIR;
  });
  afterEach(() => {
    delete process.env.VYRA_IPC_DIR;
    if (saved !== undefined) {
      process.env.VYRA_IPC_DIR = saved;
    }
  });

  for (const [given, path] of [
    ["my_module", "/tmp/my_module_ipc.sock"],
    ["web-1.2", "/tmp/web-1.2_ipc.sock"],
    ["/run/x.sock", "/run/x.sock"],
    ["/run//a/../x.sock", "/run/x.sock"],
    ["./x.sock", `${process.cwd()}/x.sock`],
    ["../x.sock", new URL("../x.sock", `file://${process.cwd()}/`).pathname],
    ["unix:/run/x.sock", "/run/x.sock"],
    ["unix:///run/x.sock", "/run/x.sock"],
    ["unix:./x.sock", `${process.cwd()}/x.sock`],
    ["unix:x.sock", `${process.cwd()}/x.sock`],
    ["unix:run/my app.sock", `${process.cwd()}/run/my app.sock`],
  ] as const) {
    it(`resolves ${given}`, () => {
      assert.deepEqual(resolveSocket(given), { kind: "path", path, address: `unix:${path}` });
    });
  }

  for (const given of [
    "",
    "a/b",
    "my module",
    "-x",
    ".hidden",
    "..",
    "~/x.sock",
    "C:\\x",
    "unix:",
    "unix://",
    "unix://x.sock",
    "unix://./x.sock",
    "unix://host/x.sock",
    "tcp://localhost:1",
    "a\0b",
    "/tmp/a\0b",
    "größe",
  ]) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      assert.throws(
        () => resolveSocket(given),
        (error) => error instanceof AddressError && error.message.length > 20 && !error.message.includes("\0"),
      );
    });
  }

  for (const given of [
    "localhost:50051",
    "127.0.0.1:80",
    "[::1]:50051",
    ":8080",
    "dns:///backend:1",
    "http://x/",
    "ipv4:1.2.3.4:5",
  ]) {
    it(`refuses ${given}, since TCP is not supported`, () => {
      assert.throws(() => resolveSocket(given), /is a TCP address, which is not supported: /);
    });
  }

  it("accepts an abstract name of up to 107 bytes, on Linux", { skip: process.platform !== "linux" }, () => {
    const name = "x".repeat(107);
    const address = `unix-abstract:${name}`;
    assert.deepEqual(resolveSocket(address), { kind: "abstract", name, address });
    assert.throws(() => resolveSocket(`${address}x`), /has 108 bytes.*at most 107/);
    assert.throws(() => resolveSocket("unix-abstract:"), /must be followed by a name/);
  });

  it("has a type that tells paths from abstract names if the text is known", () => {
    const path: string = resolveSocket("my_module").path;
    const unknown: string | undefined = resolveSocket(path).path;
    assert.equal(path, unknown);
    // @ts-expect-error: a text that is not known may be an abstract name
    const wrong: string = resolveSocket(path).path;
    assert.equal(path, wrong);
  });

  it("refuses values that are not strings", () => {
    assert.throws(() => resolveSocket(undefined as unknown as string), AddressError);
  });

  it("puts modules into the folder in VYRA_IPC_DIR, and keeps paths as they are", () => {
    process.env.VYRA_IPC_DIR = "/run/vyra/";
    assert.equal(resolveSocket("m").path, "/run/vyra/m_ipc.sock");
    assert.equal(resolveSocket("/tmp/x").path, "/tmp/x");
    process.env.VYRA_IPC_DIR = "";
    assert.equal(resolveSocket("m").path, "/tmp/m_ipc.sock");
    process.env.VYRA_IPC_DIR = "run";
    assert.throws(() => resolveSocket("m"), /VYRA_IPC_DIR is "run".*absolute path/);
  });

  it("accepts a path of 107 bytes and refuses one of 108, counting bytes, not characters", () => {
    const at = (length: number) => `/${"x".repeat(length - 1)}`;
    assert.equal(resolveSocket(at(107)).path?.length, 107);
    assert.throws(() => resolveSocket(at(108)), /has 108 bytes.*at most 107/);
    assert.throws(() => resolveSocket(`/${"ü".repeat(60)}`), /has 121 bytes/);
  });
});
