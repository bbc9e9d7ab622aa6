import assert from "node:assert/strict";
import http2 from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { ClientConnection, HeaderBlock, NO_FIELDS, ServerConnection } from "@vyra/http2";
import fc from "fast-check";
import { answering, Collector, DONE, echo, exchange, OK, POST } from "./support/exchange.js";
import { deferred, dial, listen, socketPath } from "./support/sockets.js";

/** Connects a client of this library to a server of node:http2. */
async function nodeServer(
  t: TestContext,
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
  settings: http2.Settings = {},
) {
  const path = await socketPath(t);
  const server = http2.createServer({ settings });
  server.on("stream", onStream);
  server.on("sessionError", () => {});
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = new ClientConnection(dial(t, path));
  t.after(async () => {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return client;
}

/** Connects a client of node:http2 to a server of this library. */
async function nodeClient(
  t: TestContext,
  handler = echo,
  settings: http2.Settings = {},
): Promise<http2.ClientHttp2Session> {
  const path = await listen(t, (socket) => new ServerConnection(socket, handler));
  const session = http2.connect("http://localhost", { createConnection: () => dial(t, path), settings });
  session.on("error", () => {});
  t.after(() => session.destroy());
  return session;
}

interface Answer {
  headers: http2.IncomingHttpHeaders;
  trailers: http2.IncomingHttpHeaders;
  body: Buffer;
}

function ask(session: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders, body: Uint8Array): Promise<Answer> {
  const stream = session.request({ ":method": "POST", ":path": "/x", ...headers });
  const chunks: Buffer[] = [];
  const answer: Answer = { headers: {}, trailers: {}, body: Buffer.alloc(0) };
  return new Promise((resolve, reject) => {
    stream.on("response", (headers) => {
      answer.headers = headers;
    });
    stream.on("trailers", (trailers) => {
      answer.trailers = trailers;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve({ ...answer, body: Buffer.concat(chunks) }));
    stream.on("error", reject);
    stream.end(body);
  });
}

function echoBack(stream: http2.ServerHttp2Stream): void {
  stream.respond({ ":status": 200, "content-type": "application/test" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.pipe(stream);
}

const random = (bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) buffer[i] = Math.imul(i, 0x9e3779b1) >>> 24;
  return buffer;
};

describe("our client and node:http2's server", () => {
  it("exchange small messages with trailers", async (t) => {
    const client = await nodeServer(t, echoBack);
    for (let i = 0; i < 20; i++) {
      const response = await exchange(client, Buffer.from(`message ${i}`), ["x-n", `${i}`]);
      assert.equal(response.body.toString(), `message ${i}`);
      assert.deepEqual(response.trailers, ["grpc-status", "0"]);
    }
  });

  it("exchange 64 MiB", async (t) => {
    const client = await nodeServer(t, echoBack);
    const body = random(64 * 2 ** 20);
    assert.ok((await exchange(client, body)).body.equals(body));
  });

  it("exchange on a thousand streams at once", async (t) => {
    const client = await nodeServer(t, echoBack, { maxConcurrentStreams: 1000 });
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    const bodies = Array.from({ length: 1000 }, (_, i) => Buffer.from(`body ${i}`));
    const responses = await Promise.all(bodies.map((body) => exchange(client, body)));
    assert.deepEqual(
      responses.map((response) => `${response.body}`),
      bodies.map(String),
    );
  });

  it("agree on error codes of resets", async (t) => {
    const client = await nodeServer(t, (stream) => {
      stream.on("error", () => {}); // Node also reports its own reset as an error
      stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    });
    await assert.rejects(exchange(client, Buffer.alloc(0)), { errorCode: 11, origin: "peer" });
  });

  it("understand each other's informational responses", async (t) => {
    const client = await nodeServer(t, (stream) => {
      stream.additionalHeaders({ ":status": 103, link: "</a>" });
      stream.respond({ ":status": 200 }, { endStream: true });
    });
    const collector = new Collector();
    client.request(POST, NO_FIELDS, true, collector);
    await collector.response;
    assert.deepEqual(collector.informational, [103]);
  });

  it("send header blocks larger than a frame", async (t) => {
    const seen = deferred<string>();
    const path = await socketPath(t);
    const server = http2.createServer({ maxHeaderListPairs: 1000, settings: { maxHeaderListSize: 200_000 } });
    server.on("stream", (stream, headers) => {
      seen.resolve(String(headers["x-large"]));
      stream.respond({ ":status": 200, "x-large": "b".repeat(40_000) }, { endStream: true });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const client = new ClientConnection(dial(t, path));
    t.after(async () => {
      client.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    const collector = new Collector();
    client.request(POST, ["x-large", "a".repeat(40_000)], true, collector);
    assert.equal((await seen.promise).length, 40_000);
    const { headers } = await collector.response;
    assert.equal(headers[headers.indexOf("x-large") + 1], "b".repeat(40_000));
  });
});

describe("node:http2's client and our server", () => {
  it("exchange small messages with trailers", async (t) => {
    const session = await nodeClient(t);
    for (let i = 0; i < 20; i++) {
      const answer = await ask(session, { "x-n": `${i}` }, Buffer.from(`message ${i}`));
      assert.equal(answer.body.toString(), `message ${i}`);
      assert.equal(answer.headers[":status"], 200);
      assert.equal(answer.trailers["grpc-status"], "0");
    }
  });

  it("exchange 64 MiB", async (t) => {
    const session = await nodeClient(t);
    const body = random(64 * 2 ** 20);
    assert.ok((await ask(session, {}, body)).body.equals(body));
  });

  it("exchange on a thousand streams at once", async (t) => {
    const session = await nodeClient(t);
    await new Promise<void>((resolve) => session.ping(() => resolve()));
    const bodies = Array.from({ length: 1000 }, (_, i) => Buffer.from(`body ${i}`));
    const answers = await Promise.all(bodies.map((body) => ask(session, {}, body)));
    assert.deepEqual(
      answers.map((answer) => `${answer.body}`),
      bodies.map(String),
    );
  });

  it("agree on small windows and frame sizes", async (t) => {
    const session = await nodeClient(t, echo, { initialWindowSize: 1000, maxFrameSize: 16_384, headerTableSize: 0 });
    const body = random(300_000);
    assert.ok((await ask(session, {}, body)).body.equals(body));
  });

  it("agree on settings that change meanwhile", async (t) => {
    const session = await nodeClient(t);
    const answers: Promise<Answer>[] = [];
    for (const [i, size] of [65_535, 10, 100_000, 0, 70_000].entries()) {
      session.settings({ initialWindowSize: size, headerTableSize: (i * 977) % 5000 });
      answers.push(ask(session, { "x-round": `${i}` }, random(50_000)));
    }
    for (const answer of await Promise.all(answers)) assert.equal(answer.body.length, 50_000);
  });

  it("answer pings", async (t) => {
    const session = await nodeClient(t);
    await ask(session, {}, Buffer.alloc(0)); // Node cancels a ping that is sent before the connection is established
    const payload = await new Promise<Buffer>((resolve, reject) => {
      session.ping(Buffer.from("12345678"), (error, _duration, data) => (error ? reject(error) : resolve(data)));
    });
    assert.equal(payload.toString(), "12345678");
  });
});

const fieldName = fc.stringMatching(/^x-[a-z0-9-]{1,12}$/);
const fieldValue = fc.stringMatching(/^[!-~]([ -~]{0,40}[!-~])?$/);
const fieldSet = fc.dictionary(fieldName, fieldValue, { maxKeys: 8, noNullPrototype: true });

describe("field compression and node:http2's", () => {
  it("agree on what any fields mean, in both directions", async (t) => {
    const client = await nodeServer(t, (stream, headers) => {
      const echoed = Object.entries(headers).filter(([name]) => name.startsWith("x-"));
      stream.respond({ ":status": 200, ...Object.fromEntries(echoed) }, { endStream: true });
    });
    await fc.assert(
      fc.asyncProperty(fieldSet, fieldSet, async (prepared, extra) => {
        const wanted = { ...prepared, ...extra };
        const only = Object.entries(prepared).filter(([name]) => !(name in extra));
        const block = HeaderBlock.of([...POST.fields, ...only.flat()]);
        const collector = new Collector();
        client.request(block, Object.entries(extra).flat(), true, collector);
        const { headers } = await collector.response;
        const got: Record<string, string> = {};
        for (let i = 0; i < headers.length; i += 2) {
          const name = headers[i] ?? "";
          if (name.startsWith("x-")) got[name] = headers[i + 1] ?? "";
        }
        assert.deepEqual(got, wanted);
      }),
      { numRuns: 150 },
    );
  });

  it("agree when node:http2 is the client", async (t) => {
    const session = await nodeClient(
      t,
      answering((stream, _body, call) => {
        const echoed: string[] = [];
        for (let i = 0; i < call.headers.length; i += 2) {
          const name = call.headers[i] ?? "";
          if (name.startsWith("x-")) echoed.push(name, call.headers[i + 1] ?? "");
        }
        stream.reply(OK, echoed, null, Buffer.alloc(0), DONE);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fieldSet, async (wanted) => {
        const { headers } = await ask(session, wanted, Buffer.alloc(0));
        const got = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("x-")));
        assert.deepEqual(got, wanted);
      }),
      { numRuns: 150 },
    );
  });
});
