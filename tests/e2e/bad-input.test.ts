import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { EchoRequestSchema } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, pathOf, type Setup, setUp } from "../support/engines.js";
import { until } from "../support/expect.js";
import { envelope, rawExchange, rawRequest, rawSession, statusOf } from "../support/raw.js";
import { bytesOf, Flag, literals, magic, Type, uint32 } from "../support/wire.js";

leaveNothingBehind();

const unary = { ":path": "/vyra.test.EchoService/Unary" };
const nothing = Buffer.alloc(0);
const hello = envelope(toBinary(EchoRequestSchema, create(EchoRequestSchema, { text: "hello" })));

describePairs("a server, to a peer that sends nonsense,", (pair) => {
  /** Runs a bare session against a server, which must answer the next valid call. */
  async function against(body: (session: ReturnType<typeof rawSession>, t: Setup) => Promise<void>): Promise<void> {
    await using t = await setUp(pair);
    const session = rawSession(pathOf(t.server.address));
    await body(session, t);
    assert.equal((await t.client.unary({ text: "next" })).text, "next");
    session.destroy();
  }

  it("says Unimplemented to an unknown method or service", () =>
    against(async (session) => {
      for (const path of ["/vyra.test.EchoService/Nope", "/no.Such/Method", "/", "/x?y=z"]) {
        const response = await rawRequest(session, { ":path": path }, hello);
        assert.equal(response.headers[":status"], 200);
        assert.equal(statusOf(response), Code.Unimplemented);
      }
    }));

  it("says 415 to a content type that is none of ours, and 404 to a path that is none", () =>
    against(async (session) => {
      assert.equal(
        (await rawRequest(session, { ...unary, "content-type": "text/html" }, hello)).headers[":status"],
        415,
      );
      const elsewhere = await rawRequest(session, { ":path": "/index.html", "content-type": "text/html" }, hello);
      assert.equal(elsewhere.headers[":status"], 404);
      assert.equal((await rawRequest(session, { ...unary, ":method": "PUT" }, hello)).headers[":status"], 405);
    }));

  it("says Internal to a message that ends too early", () =>
    against(async (session) => {
      for (const body of [
        envelope(Buffer.from("abc"), { length: 100 }),
        envelope(nothing, { length: 100 }),
        Buffer.of(0, 0),
      ]) {
        for (const method of ["Unary", "ServerStream", "ClientStream", "BidiStream"]) {
          const response = await rawRequest(session, { ":path": `/vyra.test.EchoService/${method}` }, body);
          assert.equal(Code[statusOf(response)], "Internal", `${method}: ${body.toString("hex")}`);
        }
      }
    }));

  it("says so to a call with no message, and to one with two", () =>
    against(async (session) => {
      for (const body of [Buffer.alloc(0), Buffer.concat([hello, hello])]) {
        assert.equal(statusOf(await rawRequest(session, unary, body)), Code.Unimplemented);
      }
    }));

  it("says ResourceExhausted to a message that claims to be too large, without waiting for it", () =>
    against(async (session) => {
      for (const length of [10 * 1024 * 1024 + 1, 0xffffffff]) {
        const response = await rawRequest(session, unary, envelope(Buffer.from("abc"), { length }), { end: false });
        assert.equal(statusOf(response), Code.ResourceExhausted);
      }
    }));

  it("says Internal to bytes that are no message, and to compression that nobody agreed on", () =>
    against(async (session) => {
      for (const method of ["Unary", "ServerStream", "ClientStream", "BidiStream"]) {
        const headers = { ":path": `/vyra.test.EchoService/${method}`, "grpc-timeout": "60S" };
        const broken = await rawRequest(session, headers, envelope(Buffer.from([0x0a, 0xff, 0xff, 0xff])));
        assert.equal(Code[statusOf(broken)], "Internal", method);
        const json = { ...headers, "content-type": "application/grpc+json" };
        for (const text of ["{", '{"text": 3}', '{"count": "\\ud800"}']) {
          const response = await rawRequest(session, json, envelope(Buffer.from(text)));
          assert.equal(Code[statusOf(response)], "Internal", `${method}: ${text}`);
        }
      }
      const unannounced = await rawRequest(session, unary, envelope(Buffer.from("x"), { flags: 1 }));
      assert.equal(statusOf(unannounced), Code.Internal);
      const unknown = await rawRequest(session, { ...unary, "grpc-encoding": "zip" }, hello);
      assert.equal(statusOf(unknown), Code.Unimplemented);
    }));

  it("says InvalidArgument to a timeout that is none", () =>
    against(async (session) => {
      for (const timeout of ["soon", "-1S", "123456789S", "5"]) {
        const response = await rawRequest(session, { ...unary, "grpc-timeout": timeout }, hello);
        assert.equal(statusOf(response), Code.InvalidArgument, timeout);
      }
    }));

  it("answers whatever it is called: gRPC peers send the socket's path as :authority", () =>
    against(async (session) => {
      for (const authority of ["%2Ftmp%2Fs.sock", "unix:%2Ftmp%2Fs", "[", "x:99999", "x:", "localhost"]) {
        const response = await rawRequest(session, { ...unary, ":authority": authority }, hello);
        assert.equal(statusOf(response), 0, authority);
      }
      // The server may refuse what RFC 9113 §8.3.1 forbids, but nothing else.
      for (const authority of ["/tmp/s.sock", "a b", "@", ""]) {
        await rawRequest(session, { ...unary, ":authority": authority }, hello);
      }
    }));

  it("ends a call whose message never comes at its deadline", () =>
    against(async (session) => {
      for (const body of [Buffer.alloc(0), hello.subarray(0, 7)]) {
        const response = await rawRequest(session, { ...unary, "grpc-timeout": "30m" }, body, { end: false });
        assert.equal(statusOf(response), Code.DeadlineExceeded);
      }
    }));

  it("closes connections that speak no HTTP, and tells them so in HTTP/1.1", async () => {
    await using t = await setUp(pair);
    const path = pathOf(t.server.address);
    const noise = Buffer.from(Array.from({ length: 1_000 }, (_, i) => (i * 7919) % 256));
    assert.match((await rawExchange(path, noise)).toString("latin1"), /^HTTP\/1\.1 400 /);
    await rawExchange(path, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", noise);
    await rawExchange(path, "PRI * HTTP/3.0\r\n\r\n", noise);
    assert.equal((await t.client.unary({ text: "next" })).text, "next");
  });

  it("outlives a peer that ends the connection and calls all the same, in one breath", async () => {
    await using t = await setUp(pair);
    const fields = literals([
      ...[":method", "POST", ":scheme", "http", ":authority", "localhost"],
      ...[":path", "/vyra.test.EchoService/BidiStream", "content-type", "application/grpc", "te", "trailers"],
    ]);
    const calls = [1, 3, 5].flatMap((streamId) => [
      bytesOf({ type: Type.HEADERS, flags: Flag.END_HEADERS, streamId, payload: fields }),
      bytesOf({ type: Type.DATA, flags: 0, streamId, payload: hello }),
    ]);
    const settings = { type: Type.SETTINGS, flags: 0, streamId: 0, payload: Buffer.alloc(0) };
    const ends = {
      "GOAWAY with an error": { ...settings, type: Type.GOAWAY, payload: uint32(0, 2) },
      GOAWAY: { ...settings, type: Type.GOAWAY, payload: uint32(0, 0) },
      "an answer to no PING": { ...settings, type: Type.PING, flags: Flag.ACK, payload: uint32(0, 0) },
      "an answer too many to SETTINGS": { ...settings, flags: Flag.ACK },
      "a reset of no stream": { ...settings, type: Type.RST_STREAM, streamId: 99, payload: uint32(8) },
    };
    for (const [end, frame] of Object.entries(ends)) {
      const socket = connect({ path: pathOf(t.server.address) });
      socket.on("error", () => {});
      socket.write(Buffer.concat([magic, bytesOf(settings), bytesOf({ ...settings, flags: Flag.ACK })]));
      await once(socket, "data");
      socket.write(Buffer.concat([bytesOf(frame), ...calls]));
      assert.equal((await t.client.unary({ text: end })).text, end);
      socket.destroy();
    }
  });

  it("understands a peer whose bytes come one by one", async () => {
    await using t = await setUp(pair);
    const body = JSON.stringify({ text: "slow" });
    const request = [
      "POST /vyra.test.EchoService/Unary HTTP/1.1",
      "host: x",
      "content-type: application/json",
      `content-length: ${body.length}`,
      "connection: close",
      "",
      body,
    ].join("\r\n");
    const path = pathOf(t.server.address);
    assert.match((await rawExchange(path, ...request)).toString(), /^HTTP\/1\.1 200 .*"text":"slow"/s);
    // HTTP/1.1 requires the field Host, HTTP/1.0 does not.
    const old = request.replace("HTTP/1.1", "HTTP/1.0").replace("host: x\r\n", "");
    assert.match((await rawExchange(path, old)).toString(), /^HTTP\/1\.[01] 200 .*"text":"slow"/s);
  });

  it("lets a handler run dry that nobody feeds", async () => {
    await using t = await setUp(pair);
    const session = rawSession(pathOf(t.server.address));
    const open = rawRequest(session, { ":path": "/vyra.test.EchoService/ClientStream" }, hello, { end: false });
    await until(() => t.echo.calls === 1, "the handler has begun");
    session.destroy();
    await open;
    await until(() => t.echo.last?.signal.aborted === true, "the handler's signal");
    assert.deepEqual(t.reported, []);
  });
});
