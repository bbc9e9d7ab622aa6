import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, it, type TestContext } from "node:test";
import { ClientConnection, NO_FIELDS, readInPlace, ServerConnection, type ServerConnectionHandler } from "@vyra/http2";
import { answering, Collector, DONE, echo, exchange, OK, POST } from "./support/exchange.js";
import { deferred, socketPair, turns } from "./support/sockets.js";

/** Connects a client and a server whose sockets are both read in place. */
async function linkInPlace(t: TestContext, handler: ServerConnectionHandler) {
  const sockets = await socketPair(t);
  await connected(sockets.client);
  const serverSocket = readInPlace(sockets.server, (buffer, start, end) => server.receive(buffer, start, end));
  const server: ServerConnection = new ServerConnection(serverSocket, handler, { reader: "caller" });
  const clientSocket = readInPlace(sockets.client, (buffer, start, end) => client.receive(buffer, start, end));
  const client: ClientConnection = new ClientConnection(clientSocket, {}, { reader: "caller" });
  await new Promise<void>((resolve) => client.ping(() => resolve())); // now the server's settings are known
  return { client, server, clientSocket, serverSocket, sockets };
}

async function connected(socket: Socket): Promise<void> {
  if (socket.connecting) await once(socket, "connect");
}

describe("reading in place", () => {
  it("requires a connected socket", async (t) => {
    const { client } = await socketPair(t);
    assert.equal(client.connecting, true);
    assert.throws(() => readInPlace(client, () => {}), /connecting/);
    await once(client, "connect");
  });

  it("carries small and large bodies, many at once", async (t) => {
    const { client } = await linkInPlace(t, echo);
    const bodies = Array.from({ length: 40 }, (_, i) =>
      Buffer.alloc([1, 100, 20_000, 300_000][i % 4] as number, i + 1),
    );
    const responses = await Promise.all(bodies.map((body) => exchange(client, body)));
    responses.forEach(({ body }, i) => void assert.ok(body.equals(bodies[i] as Buffer), `body ${i} came back`));
  });

  it("reads all sockets into the same memory", async (t) => {
    const seen = new Set<ArrayBufferLike>();
    for (let i = 0; i < 3; i++) {
      const { client, server } = await socketPair(t);
      const got = deferred<string>();
      readInPlace(server, (buffer, start, end) => {
        seen.add(buffer.buffer);
        got.resolve(Buffer.from(buffer.subarray(start, end)).toString());
      });
      client.write(`hello ${i}`);
      assert.equal(await got.promise, `hello ${i}`);
    }
    assert.equal(seen.size, 1);
  });

  it("starts with bytes that were read before and that nobody has received", async (t) => {
    const { client, server } = await socketPair(t);
    client.write("one ");
    await once(server, "readable");
    const got: string[] = [];
    readInPlace(server, (buffer, start, end) => got.push(Buffer.from(buffer.subarray(start, end)).toString()));
    client.write("two");
    while (got.join("") !== "one two") await turns(1);
  });

  it("ends with the peer, and then both sockets are destroyed", async (t) => {
    const { client, server } = await socketPair(t);
    const successor = readInPlace(server, () => {});
    const closed = Promise.all([once(successor, "close"), once(server, "close")]);
    client.end();
    successor.end();
    await closed;
    assert.equal(server.destroyed && successor.destroyed, true);
  });

  for (const [which, pick] of [
    ["the socket that was given", (given: Socket) => given],
    ["its successor", (_: Socket, successor: Socket) => successor],
  ] as const) {
    it(`ends when ${which} is destroyed`, async (t) => {
      const { client, server } = await socketPair(t);
      client.on("error", () => {});
      const successor = readInPlace(server, () => {});
      const closed = Promise.all([once(successor, "close"), once(server, "close"), once(client.resume(), "close")]);
      pick(server, successor).destroy();
      await closed;
    });
  }

  it("stops a peer that sends and does not read", async (t) => {
    const { client, server, clientSocket, serverSocket } = await linkInPlace(
      t,
      answering((stream) =>
        stream.reply(OK, ["x-long", `${stream.id}`.padEnd(10_000, "~")], null, Buffer.alloc(0), DONE),
      ),
    );
    let held = 0;
    const pause = serverSocket.pause.bind(serverSocket);
    serverSocket.pause = () => {
      held++;
      return pause();
    };
    clientSocket.pause();
    const collectors: Collector[] = [];
    for (let i = 0; i < 2_000; i++) {
      const collector = new Collector();
      client.request(POST, NO_FIELDS, true, collector);
      collectors.push(collector);
    }
    while (held === 0) await turns(1);
    clientSocket.resume();
    await Promise.all(collectors.map(({ response }) => response));
    assert.equal(server.isClosed, false);
  });

  it("uses data events if there is no handle to read from", async () => {
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }) as Socket;
    const got = deferred<string>();
    const same = readInPlace(stream, (buffer, start, end) =>
      got.resolve(Buffer.from(buffer.subarray(start, end)).toString()),
    );
    assert.equal(same, stream);
    stream.push("by events");
    assert.equal(await got.promise, "by events");
    stream.destroy();
  });
});

describe("onBodySent", () => {
  it("reports when a body passed by reference is no longer needed, and no other body", async (t) => {
    const sent: Uint8Array[] = [];
    const { client } = await linkInPlace(t, echo);
    const bodies = [10, 16_384, 16_385, 1_000_000].map((length) => Buffer.alloc(length, length));
    for (const body of bodies) {
      const collector = new Collector();
      const handler = Object.assign(collector, { onBodySent: (_: unknown, done: Uint8Array) => void sent.push(done) });
      client.requestMessage(POST, NO_FIELDS, Buffer.from([1, 2, 3]), body, handler);
    }
    while (sent.length < 2) await turns(1);
    assert.deepEqual(
      sent.map(({ length }) => length),
      [16_385, 1_000_000],
    );
    assert.ok(sent[0] === bodies[2] && sent[1] === bodies[3]);
    await turns();
    assert.equal(sent.length, 2);
  });

  it("may be called after the stream's end, and its exceptions are reported", async (t) => {
    const errors: unknown[] = [];
    const { client, server } = await linkInPlace(t, {
      onStream(stream) {
        stream.reply(OK, NO_FIELDS, null, Buffer.alloc(500_000), DONE);
        return {
          onData() {},
          onTrailers() {},
          onReset() {},
          onBodySent() {
            errors.push(`closed: ${stream.isClosed}`);
            throw new Error("of mine");
          },
        };
      },
      onHandlerError: (error) => void errors.push((error as Error).message),
    });
    const collector = new Collector();
    client.request(POST, NO_FIELDS, true, collector);
    assert.equal((await collector.response).body.length, 500_000);
    while (errors.length < 2) await turns(1);
    assert.deepEqual(errors, ["closed: true", "of mine"]);
    assert.equal(server.isClosed, false);
  });
});
