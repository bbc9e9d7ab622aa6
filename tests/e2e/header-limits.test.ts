import assert from "node:assert/strict";
import { type ClientHttp2Session, connect, constants, type SessionOptions } from "node:http2";
import { connect as connectSocket } from "node:net";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { EchoRequestSchema } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { pathOf, type Setup, setUp } from "../support/engines.js";
import { envelope, rawRequest, statusOf } from "../support/raw.js";

leaveNothingBehind();

type Init = Parameters<typeof create<typeof EchoRequestSchema>>[1];
const body = (init: Init) => envelope(toBinary(EchoRequestSchema, create(EchoRequestSchema, init)));
const path = (method: string) => ({ ":path": `/vyra.test.EchoService/${method}` });
const methods = ["Unary", "ServerStream", "ClientStream", "BidiStream"];
const long = "x".repeat(3_000);

// Only this engine is tested, because node:http2 ignores the limit that its peer announces.
const pair = { client: "direct", server: "direct" } as const;

describe("a server, to a caller that takes only so many fields", () => {
  /** Runs a session that announces the limit, against a server that must continue to serve. */
  async function against(
    maxHeaderListSize: number,
    test: (session: ClientHttp2Session, t: Setup) => Promise<void>,
  ): Promise<void> {
    await using t = await setUp(pair);
    const socket = connectSocket({ path: pathOf(t.server.address) });
    const options: SessionOptions = { settings: { maxHeaderListSize } };
    const session = connect("http://localhost", { ...options, createConnection: () => socket });
    session.on("error", () => {});
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    await test(session, t);
    assert.equal((await t.client.unary({ text: "next" })).text, "next");
    assert.deepEqual(t.reported, []);
    session.destroy();
  }

  it("says that an error has more to say than that", () =>
    against(1_000, async (session) => {
      const fault = { code: Code.Aborted, message: long };
      for (const method of methods) {
        const response = await rawRequest(session, path(method), body({ fault, count: 1 }));
        assert.equal(statusOf(response), Code.ResourceExhausted, method);
        assert.match(String(response.headers["grpc-message"]), /exceed the caller's limit of 1000/);
      }
    }));

  it("says that an answer's headers or trailers are more than that", () =>
    against(1_000, async (session) => {
      for (const method of methods) {
        const response = await rawRequest(session, { ...path(method), "echo-long": long }, body({ count: 1 }));
        assert.equal(statusOf(response), Code.ResourceExhausted, method);
      }
    }));

  it("says so also in the middle of an answer", () =>
    against(1_000, async (session) => {
      const fault = { code: Code.Aborted, message: long, after: 2 };
      const response = await rawRequest(session, path("ServerStream"), body({ fault, count: 3 }));
      assert.equal(Number(response.trailers["grpc-status"]), Code.ResourceExhausted);
    }));

  it("ends the stream if it takes no answer at all", () =>
    against(4, async (session) => {
      for (const method of [...methods, "Nope"]) {
        for (const init of [
          { text: "hello", count: 1 },
          { fault: { code: Code.Aborted, message: "no" }, count: 1 },
        ]) {
          const response = await rawRequest(session, path(method), body(init));
          assert.equal(response.rstCode, constants.NGHTTP2_INTERNAL_ERROR, method);
        }
      }
      const late = { ...path("Unary"), "grpc-timeout": "5m" };
      const response = await rawRequest(session, late, body({ fault: { hang: true } }));
      assert.equal(response.rstCode, constants.NGHTTP2_INTERNAL_ERROR);
    }));
});
