import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import * as http2 from "@vyra/http2";
import * as ipc from "@vyra/ipc";
import { notProcessed, wasNotProcessed } from "../dist/grpc/not-processed.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const page = readFileSync(join(root, "docs/reference/errors.md"), "utf8");

/** Returns the rows of the table of error classes in the documentation: a class, and its code. */
const documented = new Map(
  [...page.matchAll(/^\| `(\w+)`[^|]*\| `(VYRA_\w+)` \|/gm)].map(([, name = "", code = ""]) => [name, code]),
);

/**
 * Returns the error classes in the sources, each with the class that it extends, and with its own code if it has one.
 */
const classes = ["http2", "ipc"].flatMap((name) => classesUnder(join(root, "packages", name, "src")));

describe("the codes of errors", () => {
  it("are all documented, without others", () => {
    const inSources = classes.filter(({ code }) => code !== undefined).map(({ name, code }) => [name, code]);
    assert.deepEqual(Object.fromEntries(inSources), Object.fromEntries(documented));
    assert.equal(new Set(documented.values()).size, documented.size, "two classes have one code");
  });

  it("exist for all error classes", () => {
    for (const { name, base, code } of classes) {
      assert.ok(code !== undefined || base !== "Error", `${name} has no code`);
      assert.ok(
        code === undefined || documented.has(base) || base === "Error",
        `${name} extends ${base}, which has no code`,
      );
    }
  });

  it("exist for all exported error classes", () => {
    const exported = Object.entries({ ...ipc, ...http2 }).filter(
      ([, value]) => typeof value === "function" && value.prototype instanceof Error,
    );
    assert.ok(exported.length >= 9);
    for (const [name] of exported) {
      assert.ok(documented.has(name), name);
    }
  });

  it("are fields of the errors", () => {
    const errors = [
      new ipc.AddressError("bad", "/a"),
      new ipc.AddressInUseError("/a", 1),
      new ipc.UntrustedSocketError("/a", 1),
      new ipc.NotProcessedError("no"),
      new ipc.HeadersSentError("a.B/C"),
      new http2.ConnectionError(1, "over"),
      new http2.StreamError(1, 1, "over", { origin: "local" }),
      new http2.RequestRefusedError("closed", "no"),
      new http2.HeaderListSizeError(2, 1),
    ];
    for (const error of errors) {
      assert.equal(error.code, documented.get(error.name), error.name);
    }
  });

  it("identify unprocessed calls in errors of another copy of the package", () => {
    const { code } = new ipc.NotProcessedError("no");
    assert.ok(wasNotProcessed(notProcessed("no", 14, undefined)));
    assert.ok(wasNotProcessed(new Error("outer", { cause: Object.assign(new Error("no"), { code }) })));
    assert.ok(!wasNotProcessed(new Error("outer", { cause: Object.assign(new Error("no"), { code: "EPIPE" }) })));
  });
});

describe("an untrusted socket's error", () => {
  it("is an AddressError that names the socket's owner", () => {
    const error = new ipc.UntrustedSocketError("/run/x.sock", 1234);
    assert.ok(error instanceof ipc.AddressError);
    assert.deepEqual([error.address, error.uid], ["/run/x.sock", 1234]);
    assert.match(error.message, /\/run\/x\.sock belongs to uid 1234/);
  });
});

function classesUnder(folder: string): { name: string; base: string; code: string | undefined }[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return files.flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    return [...text.matchAll(/^export class (\w+) extends (\w*Error) \{\n(.*?)^\}/gms)].map(
      ([, name = "", base = "", body = ""]) => ({
        name,
        base,
        code: /readonly code\b[^=;]*= "(\w+)";/.exec(body)?.[1],
      }),
    );
  });
}
