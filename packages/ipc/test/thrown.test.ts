import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { wasNotProcessed } from "../dist/grpc/index.js";
import { causesOf, connectErrorFrom, isErrorCode, isValidConnectError, messageOf } from "../dist/user-code/thrown.js";

describe("connectErrorFrom", () => {
  it("returns a ConnectError as it is, whatever copy of Connect created it", () => {
    const error = new ConnectError("x", Code.NotFound, { a: "1" }, [{ desc: EmptySchema, value: create(EmptySchema) }]);
    assert.equal(connectErrorFrom(error), error);
    class Own extends ConnectError {}
    const own = new Own("x", Code.Aborted);
    assert.equal(connectErrorFrom(own), own);
    const fields = { name: "ConnectError", code: 5, rawMessage: "x", details: [], cause: undefined };
    const alike = Object.assign(new Error("x"), fields, { metadata: new Headers() });
    assert.equal(connectErrorFrom(alike), alike);
  });

  it("replaces an invalid code with Unknown, and keeps the rest", () => {
    for (const code of [0, 17, -1, 1.5, Number.NaN, "5", 2 ** 32 + 5]) {
      const thrown = new ConnectError("what it says", code as Code, { key: "value" });
      assert.equal(isValidConnectError(thrown), false);
      const error = connectErrorFrom(thrown, Code.Aborted);
      assert.equal(error.code, Code.Unknown);
      assert.equal(error.rawMessage, "what it says");
      assert.equal(error.metadata.get("key"), "value");
      assert.equal(error.cause, thrown);
    }
  });

  it("converts other values like ConnectError.from()", () => {
    for (const thrown of [new Error("x"), "x", 5, null, undefined, { toString: () => "x" }, Symbol("x")]) {
      const expected = ConnectError.from(thrown, Code.Aborted);
      const error = connectErrorFrom(thrown, Code.Aborted);
      assert.deepEqual([error.code, error.rawMessage], [expected.code, expected.rawMessage]);
      assert.ok(Object.is(error.cause, thrown));
    }
    for (const name of ["AbortError", "TimeoutError"]) {
      assert.equal(connectErrorFrom(new DOMException("over", name), Code.Internal).code, Code.Canceled);
    }
  });
});

describe("a thrown value", () => {
  it("has a finite chain of causes, even if it is circular", () => {
    const inner = new Error("inner");
    const outer = new Error("outer", { cause: inner });
    assert.deepEqual([...causesOf(outer)], [outer, inner]);
    inner.cause = outer;
    assert.ok([...causesOf(outer)].length >= 2);
    assert.equal(wasNotProcessed(outer), false);
  });

  it("has a text, even if it cannot be converted to a string", () => {
    assert.equal(messageOf(new Error("x")), "x");
    assert.equal(messageOf("x"), "x");
    assert.equal(messageOf(Object.create(null)), "an error that cannot be read");
  });

  it("has a valid code if it is one of gRPC's, 1 to 16", () => {
    const codes = Array.from({ length: 20 }, (_, i) => i - 1).filter(isErrorCode);
    assert.deepEqual(codes, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  });
});
