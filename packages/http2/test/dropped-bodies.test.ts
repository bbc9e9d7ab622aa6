import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ClientConnection, NO_FIELDS } from "@vyra/http2";
import { Collector, POST } from "./support/exchange.js";
import { RawPeer, Type } from "./support/raw-peer.js";
import { socketPair, turns } from "./support/sockets.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describe("a body that waits for the peer's window", () => {
  it("is released when its stream is reset, even if one before it still waits", async (t) => {
    const { client, server } = await socketPair(t);
    const connection = new ClientConnection(client);
    const peer = new RawPeer(server, true);
    peer.begin();
    const first = connection.request(POST, NO_FIELDS, false, new Collector());
    first.data(Buffer.alloc(100_000)); // more than the connection's window, which the peer never opens
    await peer.settle();
    const sendAndReset = () => {
      const stream = connection.request(POST, NO_FIELDS, false, new Collector());
      const body = new Uint8Array(100_000);
      stream.data(body);
      assert.equal(stream.waitingBytes, 100_000);
      stream.reset();
      return new WeakRef(body);
    };
    const bodies = Array.from({ length: 20 }, sendAndReset);
    await peer.next(Type.RST_STREAM, 41);
    for (let i = 0; i < 100 && bodies.some((body) => body.deref() !== undefined); i++) {
      await turns(1);
      collectGarbage();
    }
    assert.equal(bodies.filter((body) => body.deref() !== undefined).length, 0);
    assert.equal(first.waitingBytes, 100_000 - 65_535);
    connection.destroy();
  });
});
