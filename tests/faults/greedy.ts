import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { EchoRequestSchema } from "../gen/vyra/test/echo_pb.js";
import { envelope } from "../support/raw.js";
import { Flag, FrameSplitter, frame, literals, magic, Type, widestWindows } from "../support/wire.js";
import { type Fault, isServed, ms, quantile, rssMiB } from "./fault.js";
import { Process } from "./process.js";

const streamsBoundMiB = 250;
const unreadStreamBoundMiB = 150;
/** The growth that is allowed: maxWaitingBytes (128 MiB) and garbage that is not collected yet. */
const unreadAnswersBoundMiB = 450;
const dribbleBoundMiB = 100;

/**
 * Clients ask for too much: 25,000 streams at once, responses that they do not read, requests sent one byte a second.
 */
export const greedy: Fault = async ({ socket, engine, quick }) => {
  const server = await new Process().serve({ options: { socket, engine } });
  await isServed(socket);
  const figures: string[] = [];
  const whileAt = async (name: string, boundMiB: number, forMs: number, sockets: Socket[]) => {
    const before = rssMiB(server.pid);
    let most = before;
    const latencies: number[] = [];
    const until = performance.now() + forMs;
    while (performance.now() < until) {
      latencies.push(await isServed(socket));
      most = Math.max(most, rssMiB(server.pid));
      await delay(20);
    }
    for (const one of sockets) {
      one.destroy();
    }
    const grownMiB = most - before;
    assert.ok(grownMiB < boundMiB, `${name}: the server has grown by ${grownMiB} MiB, more than ${boundMiB}`);
    await isServed(socket);
    assert.ok(server.isRunning);
    figures.push(
      `${name}: +${Math.round(grownMiB)} of ${boundMiB} MiB allowed, ${latencies.length} newcomers served ` +
        `in p50 ${ms(quantile(latencies, 0.5))}, worst ${ms(quantile(latencies, 1))}`,
    );
  };
  // The node engine does not withstand hostile peers: 10,000 calls at once take it seconds and half a GiB, and it
  // buffers up to 1 GiB of unread responses (maxSessionMemory). It is tried with smaller numbers.
  const [streamCount, answerCount] = engine === "direct" ? [25_000, 4_000] : [2_000, 400];
  const forMs = quick ? 2_500 : 10_000;

  const many = await open(socket);
  const answers = readFrames(many);
  many.write(
    Buffer.concat([preface, ...range(streamCount, (i) => request(2 * i + 1, "Unary", { fault: { hang: true } }))]),
  );
  await whileAt(`${streamCount} streams at once`, streamsBoundMiB, forMs, [many]);
  figures.push(`of these ${answers.refused} refused, ${answers.goAway ? "then cut off" : "not cut off"}`);

  const stream = await open(socket);
  stream.pause();
  stream.write(Buffer.concat([preface, request(1, "ServerStream", { count: 2 ** 31 - 1, responseSize: 65_536 })]));
  await whileAt("a stream without end, not read", unreadStreamBoundMiB, forMs, [stream]);

  const unread = await open(socket);
  unread.pause();
  unread.write(
    Buffer.concat([preface, ...range(answerCount, (i) => request(2 * i + 1, "Unary", { responseSize: 262_144 }))]),
  );
  await whileAt(`${answerCount} answers of 256 KiB, not read`, unreadAnswersBoundMiB, forMs, [unread]);

  const bytes = Buffer.concat([preface, request(1, "Unary", { text: "slow" })]);
  const slow = await Promise.all(range(200, () => open(socket)));
  let at = 0;
  const timer = setInterval(() => {
    for (const one of slow) {
      one.write(bytes.subarray(at, at + 1));
    }
    at++;
  }, 1_000);
  await whileAt("200 connections of a byte a second", dribbleBoundMiB, forMs, slow);
  clearInterval(timer);
  await server.kill();
  return figures.join("; ");
};

function range<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path }, () => resolve(socket));
    socket.once("error", reject);
    socket.on("error", () => {});
  });
}

/** The client's preface, with the largest possible windows. */
const preface = Buffer.concat([magic, widestWindows]);

/** A complete call: HEADERS and DATA. */
function request(streamId: number, method: string, message: MessageInitShape<typeof EchoRequestSchema>): Buffer {
  const fields = [":method", "POST", ":scheme", "http", ":path", `/vyra.test.EchoService/${method}`];
  fields.push(":authority", "localhost", "content-type", "application/grpc", "te", "trailers");
  const body = envelope(toBinary(EchoRequestSchema, create(EchoRequestSchema, message)));
  return Buffer.concat([
    frame(Type.HEADERS, Flag.END_HEADERS, streamId, literals(fields)),
    frame(Type.DATA, Flag.END_STREAM, streamId, body),
  ]);
}

/** Counts the frames with which the server refuses streams. */
function readFrames(socket: Socket): { refused: number; goAway: boolean } {
  const seen = { refused: 0, goAway: false };
  const splitter = new FrameSplitter();
  socket.on("data", (chunk: Buffer) => {
    for (const { type } of splitter.push(chunk)) {
      seen.refused += type === Type.RST_STREAM ? 1 : 0;
      seen.goAway ||= type === Type.GOAWAY;
    }
  });
  return seen;
}
