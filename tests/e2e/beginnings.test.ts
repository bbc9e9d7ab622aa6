import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { createChannel } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { pathOf, serverEngines, setUp } from "../support/engines.js";
import { failure, until } from "../support/expect.js";

leaveNothingBehind();

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const settings = "\0\0\0\x04\0\0\0\0\0";
const acknowledged = "\0\0\0\x04\x01\0\0\0\0";
/** HEADERS of stream 1 without END_HEADERS, with `:method: POST` alone. */
const openBlock = "\0\0\x01\x01\0\0\0\0\x01\x83";
const unary = "POST /vyra.test.EchoService/Unary HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
const whole = `${unary}content-length: 2\r\n\r\n{}`;

const beginnings: readonly [what: string, ...bytes: string[]][] = [
  ["says nothing"],
  ["says half a preface", preface.slice(0, 12)],
  ["says a preface and no SETTINGS", preface],
  ["begins a field block and does not finish it", preface + settings, acknowledged + openBlock],
  ["says half of HTTP/1.1's headers", unary],
  ["says half of a body in HTTP/1.1", `${unary}content-length: 10\r\n\r\n{`],
  ["says half of the next request's headers in HTTP/1.1", whole, unary],
  ["says nothing after a request in HTTP/1.1", whole],
];

for (const engine of serverEngines) {
  describe(`a server does not wait for ever, ${engine}`, () => {
    it("for a peer that does not begin, or does not finish what it begins; but for one that has begun", async () => {
      await using t = await setUp(
        { client: "direct", server: engine },
        { handshakeTimeoutMs: 300, requestTimeoutMs: 300 },
      );
      await t.channel.ready();
      await Promise.all(
        beginnings.map(async ([what, ...parts]) => {
          const socket = await dialled(t.server.address);
          const closed = once(socket, "close");
          for (const [n, bytes] of parts.entries()) {
            if (n > 0) {
              await once(socket, "data");
            }
            socket.write(Buffer.from(bytes, "latin1"));
          }
          socket.resume();
          await until(() => socket.closed || socket.readableEnded, `a peer that ${what} is closed`);
          await closed;
        }),
      );
      await until(() => t.server.stats().connections === 1, "one connection is left");
      assert.equal(t.channel.state, "ready");
      assert.equal((await t.client.unary({ text: "still here" })).text, "still here");
      assert.deepEqual(t.reported, []);
    });

    it("for an authorizer that does not answer", async () => {
      const never = new Promise<boolean>(() => {});
      await using t = await setUp(
        { client: "direct", server: engine },
        { handshakeTimeoutMs: 50, authorize: () => never },
      );
      await failure(t.client.unary({}), Code.Unavailable);
    });

    it("for more peers of one user at a time than may", async () => {
      const limits = { handshakeTimeoutMs: Number.POSITIVE_INFINITY, maxPendingConnections: 3 };
      await using t = await setUp({ client: "direct", server: engine }, limits);
      await t.channel.ready(); // counts no more
      const sockets = await Promise.all(Array.from({ length: 3 }, () => dialled(t.server.address)));
      await until(() => t.server.stats().connections === 4, "all have been accepted");
      const late = await dialled(t.server.address);
      await once(late.resume(), "close");
      assert.ok(sockets.every((socket) => !socket.closed));
      assert.equal((await t.client.unary({ text: "on" })).text, "on");
      sockets[0]?.destroy();
      await until(() => t.server.stats().connections === 3, "there is room again");
      const channel = createChannel(t.server.address);
      assert.equal((await channel.client(EchoService).unary({ text: "new" })).text, "new");
      await channel.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    });

    it("for peers that it refuses: each is told so, and then let go", async () => {
      await using t = await setUp(
        { client: "direct", server: engine },
        { handshakeTimeoutMs: 1_000, authorize: () => false },
      );
      await failure(t.client.unary({}), Code.PermissionDenied);
      const silent = await dialled(t.server.address);
      await once(silent.resume(), "close");
      await until(() => t.server.stats().connections === 0, "both have been closed");
      await failure(t.client.unary({}), Code.PermissionDenied);
    });

    it("for more refused peers than may be there, who take nobody's place", async () => {
      let mayCall = false;
      const limits = {
        handshakeTimeoutMs: Number.POSITIVE_INFINITY,
        maxPendingConnections: 1,
        maxRefusedConnections: 2,
      };
      await using t = await setUp({ client: "direct", server: engine }, { ...limits, authorize: () => mayCall });
      const channels = Array.from({ length: 2 }, () => createChannel(t.server.address));
      for (const channel of channels) {
        await failure(channel.client(EchoService).unary({}), Code.PermissionDenied);
      }
      for (let n = 0; n < 3; n++) {
        const late = await dialled(t.server.address);
        await once(late.resume(), "close");
      }
      assert.equal(t.server.stats().connections, 2);
      mayCall = true;
      assert.equal((await t.client.unary({ text: "let in" })).text, "let in");
      await Promise.all(channels.map((channel) => channel.close()));
    });
  });
}

it("a limit that cannot be meant is refused", async () => {
  for (const options of [
    { handshakeTimeoutMs: 0 },
    { maxPendingConnections: 0 },
    { maxRefusedConnections: Number.NaN },
  ]) {
    await assert.rejects(setUp({ client: "direct", server: "direct" }, options), RangeError);
  }
});

async function dialled(address: string): Promise<Socket> {
  const socket = connect({ path: pathOf(address) });
  socket.on("error", () => {}); // a reset is as good as an end
  await once(socket, "connect");
  return socket;
}
