import assert from "node:assert/strict";
import { it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createChannel } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { describePairs, setUp } from "../support/engines.js";
import { iterate, until } from "../support/expect.js";

leaveNothingBehind();

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describePairs("a channel that nobody uses", (pair) => {
  it("closes its connection, and dials anew for the next call", async () => {
    await using t = await setUp(pair, {}, { idleTimeoutMs: 30 });
    for (const text of ["first", "second"]) {
      assert.equal((await t.client.unary({ text })).text, text);
      await until(() => t.server.stats().connections === 0, "the connection is closed");
      assert.equal(t.channel.state, "idle");
    }
    await t.channel.ready();
    await until(() => t.server.stats().connections === 0, "one without any call, too");
    assert.equal(t.server.stats().acceptedConnections, 3);
  });

  it("is in use while a call is open, however long that says nothing", async () => {
    await using t = await setUp(pair, {}, { idleTimeoutMs: 30 });
    const call = t.client.bidiStream(iterate([{ text: "late", delayMs: 150 }]));
    for await (const { text } of call) {
      assert.equal(text, "late");
    }
    assert.equal(t.server.stats().acceptedConnections, 1);
  });

  it("keeps its connection for ever when told to", async () => {
    await using t = await setUp(pair, {}, { idleTimeoutMs: 0 });
    const other = createChannel(t.server.address, { engine: pair.client, idleTimeoutMs: 30 });
    await t.client.unary({});
    await other.client(EchoService).unary({});
    await until(() => t.server.stats().connections === 1, "the other one is closed");
    assert.equal(t.channel.state, "ready");
    await other.close();
  });

  it("can be collected when it is dropped, and its connection ends", async () => {
    await using t = await setUp(pair);
    const dropped = await callAndDrop(t.server.address);
    await until(() => {
      collectGarbage();
      return dropped.deref() === undefined;
    }, "the channel is collected");
    await until(() => t.server.stats().connections === 0, "its connection is closed");
  });

  /** A function of its own, so that nothing in the test refers to the channel. */
  async function callAndDrop(address: string): Promise<WeakRef<object>> {
    const channel = createChannel(address, { engine: pair.client, idleTimeoutMs: 200 });
    await channel.client(EchoService).unary({});
    return new WeakRef(channel.transport);
  }
});

it("an idle limit that cannot be meant is refused", () => {
  for (const idleTimeoutMs of [-1, Number.NaN]) {
    assert.throws(() => createChannel("nobody", { idleTimeoutMs }), RangeError);
  }
});
