import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { it } from "node:test";
import { createChannel, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { leaveNothingBehind } from "../support/clean.js";
import { createEcho } from "../support/echo.js";
import { freshName, pathOf } from "../support/engines.js";
import { type Frame, FrameSplitter, goAway, magic, Type, widestWindows } from "../support/wire.js";

leaveNothingBehind();

const bytes = 300_000;

it("direct finishes what it has begun to send, after its call has moved and its memory is reused", async () => {
  const [name, realName] = [freshName(), freshName()];
  await using _real = await serve({
    socket: realName,
    signals: false,
    routes: (router) => router.service(EchoService, createEcho()),
  });
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    if (sockets.push(socket.on("error", () => {})) === 1) {
      socket.write(widestWindows);
    } else {
      const real = connect(pathOf(realName)).on("error", () => {});
      sockets.push(real);
      socket.pipe(real).pipe(socket);
    }
  });
  await using _server = {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.listen(pathOf(name));
  await once(server, "listening");
  await using channel = createChannel(name);
  const client = channel.client(EchoService);

  const moving = client.unary({ payload: new Uint8Array(bytes).fill(0xaa) });
  const [first] = (await once(server, "connection")) as [Socket];
  const received: Buffer[] = [];
  first.on("data", (chunk: Buffer) => received.push(chunk));
  while (frames(received).every(({ type }) => type !== Type.HEADERS)) {
    await once(first, "data");
  }
  first.pause(); // what it sends now stays where it is: in the memory that it was encoded to
  first.write(goAway(0, 0));
  assert.equal((await moving).payload.length, bytes);
  for (let i = 0; i < 20; i++) {
    await client.unary({ payload: new Uint8Array(bytes).fill(0xbb) });
  }
  first.resume();
  await Promise.race([once(first, "end"), once(first, "close")]);

  const body = Buffer.concat(frames(received).flatMap(({ type, payload }) => (type === Type.DATA ? [payload] : [])));
  assert.ok(body.length > 65_536, `only ${body.length} bytes came on the first connection`);
  assert.equal(body.indexOf(0xbb), -1);
});

/** Returns the complete frames after the preface. */
function frames(chunks: readonly Buffer[]): Frame[] {
  return new FrameSplitter().push(Buffer.concat(chunks).subarray(magic.length));
}
