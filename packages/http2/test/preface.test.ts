import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { describe, it } from "node:test";
import { ClientConnection, ServerConnection, sniffProtocol } from "@vyra/http2";
import { echo, exchange } from "./support/exchange.js";
import { MAGIC } from "./support/raw-peer.js";
import { deferred, dial, listen, turns } from "./support/sockets.js";

describe("a socket that may speak HTTP/2 or HTTP/1.1", () => {
  it("is served as either", async (t) => {
    const http1 = http.createServer((request, response) => {
      request.resume();
      request.on("end", () => response.end(`http/1.1 ${request.url}`));
    });
    const path = await listen(t, (socket) => {
      sniffProtocol(socket, {
        onHttp2: (s, head) => new ServerConnection(s, echo, {}, head),
        onOther(s, head) {
          s.unshift(head);
          http1.emit("connection", s);
          s.resume();
        },
      });
    });
    const agent = new http.Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    for (let i = 0; i < 3; i++) {
      const text = await new Promise<string>((resolve, reject) => {
        const request = http.request({ socketPath: path, path: `/${i}`, method: "POST", agent }, (response) => {
          let body = "";
          response.on("data", (chunk) => {
            body += chunk;
          });
          response.on("end", () => resolve(body));
        });
        request.on("error", reject);
        request.end("x".repeat(100_000));
      });
      assert.equal(text, `http/1.1 /${i}`);
    }
    const client = new ClientConnection(dial(t, path));
    assert.equal((await exchange(client, Buffer.from("http/2"))).body.toString(), "http/2");
    client.destroy();
  });

  it("is recognised however the first bytes are cut", async (t) => {
    for (let cut = 1; cut < MAGIC.length; cut++) {
      for (const [bytes, expected] of [
        [MAGIC, "http2"],
        [Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r"), "other"],
        [Buffer.from("POST / HTTP/1.1\r\nhost: a\r\n"), "other"],
      ] as const) {
        const found = deferred<[string, string]>();
        const socket = new net.Socket();
        t.after(() => {
          socket.destroy();
        });
        sniffProtocol(socket, {
          onHttp2: (_socket, head) => found.resolve(["http2", head.toString()]),
          onOther: (_socket, head) => found.resolve(["other", head.toString()]),
        });
        socket.emit("data", bytes.subarray(0, cut));
        socket.emit("data", bytes.subarray(cut));
        const [protocol, head] = await found.promise;
        assert.equal(protocol, expected);
        assert.ok(bytes.toString().startsWith(head));
      }
    }
  });
});

describe("a client that reads its socket itself", () => {
  it("passes on what it reads, from one buffer that it reuses", async (t) => {
    const path = await listen(t, (socket) => new ServerConnection(socket, echo));
    let connection: ClientConnection | null = null;
    const buffer = Buffer.alloc(1000);
    const socket = net.connect({
      path,
      onread: {
        buffer,
        callback(bytes) {
          connection?.receive(buffer, 0, bytes);
          return true;
        },
      },
    });
    const closed = deferred<unknown>();
    connection = new ClientConnection(socket, { onClose: closed.resolve }, { reader: "caller" });
    assert.equal(connection.bodiesMayBeKept, false);
    for (const size of [10, 100_000, 3]) {
      assert.ok((await exchange(connection, Buffer.alloc(size, size))).body.equals(Buffer.alloc(size, size)));
    }
    connection.close();
    assert.equal(await closed.promise, null);
    while (!socket.destroyed) await turns(1);
  });
});

describe("a connection that has ended", () => {
  it("leaves no timer and no socket behind", async (t) => {
    const path = await listen(t, (socket) => new ServerConnection(socket, echo));
    const active = (): string[] =>
      process.getActiveResourcesInfo().filter((kind) => kind !== "TTYWrap" && kind !== "Immediate");
    await turns();
    const before = active();
    const closed = deferred<unknown>();
    const client = new ClientConnection(dial(t, path), { onClose: closed.resolve });
    await exchange(client, Buffer.from("x"));
    client.close();
    await closed.promise;
    while (active().length > before.length) await turns(1);
    assert.deepEqual(active(), before);
  });
});
