/**
 * The server that all peers call. Its paths are:
 * - GET /small: a few bytes, and trailers
 * - GET /large: the large body
 * - POST /count: the length of the request's body, and its hash
 * - POST /echo: the same body as it arrives, and the same trailers
 */
import { createHash, type Hash } from "node:crypto";
import {
  HeaderBlock,
  type HeaderList,
  NO_FIELDS,
  type RequestHandler,
  type ServerConnectionHandler,
  type ServerStream,
} from "@vyra/http2";
import { largeBytes, piece, pieceBytes } from "./pattern.js";

const ok = HeaderBlock.of([":status", "200", "content-type", "application/octet-stream"]);
const notFound = HeaderBlock.of([":status", "404"]);
const done = HeaderBlock.of(["x-trailer", "done"]);
const small = Buffer.from("hello\n");

export const peersServer: ServerConnectionHandler = {
  onStream(stream, headers, extra, endStream) {
    const path = fieldOf(":path", headers, extra).replace(/\?.*/, "");
    const handler = handlerFor(path, stream);
    if (endStream) handler.onData(stream, small, 0, 0, true);
    return handler;
  },
};

function handlerFor(path: string, stream: ServerStream): RequestHandler {
  if (path === "/large") return new Large();
  if (path === "/count") return new Count();
  if (path === "/echo") return new Echo(stream);
  return path === "/small" ? smallAnswer : noAnswer;
}

const smallAnswer: RequestHandler = {
  onData(stream, _buffer, _start, _end, endStream) {
    if (endStream) stream.reply(ok, NO_FIELDS, null, small, done);
  },
  onTrailers: (stream) => stream.reply(ok, NO_FIELDS, null, small, done),
  onReset() {},
};

const noAnswer: RequestHandler = {
  onData(stream, _buffer, _start, _end, endStream) {
    if (endStream) stream.respond(notFound, NO_FIELDS, true);
  },
  onTrailers: (stream) => stream.respond(notFound, NO_FIELDS, true),
  onReset() {},
};

/** Sends no faster than the client reads. */
class Large implements RequestHandler {
  private sent = 0;

  onData(stream: ServerStream, _buffer: Uint8Array, _start: number, _end: number, endStream: boolean): void {
    if (!endStream) return;
    stream.respond(ok);
    this.onDrain(stream);
  }

  onDrain(stream: ServerStream): void {
    while (this.sent < largeBytes) {
      const isWelcome = stream.data(piece(this.sent / pieceBytes));
      this.sent += pieceBytes;
      if (!isWelcome) return;
    }
    stream.trailers(done);
  }

  onTrailers(): void {}
  onReset(): void {}
}

class Count implements RequestHandler {
  private readonly hash: Hash = createHash("sha256");
  private bytes = 0;

  onData(stream: ServerStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.bytes += end - start;
    this.hash.update(buffer.subarray(start, end));
    if (endStream) this.onTrailers(stream);
  }

  onTrailers(stream: ServerStream): void {
    const summary = `${this.bytes} ${this.hash.digest("hex")}`;
    stream.reply(ok, NO_FIELDS, null, Buffer.from(summary), done);
  }

  onReset(): void {}
}

/** Reads no more than the caller reads back. */
class Echo implements RequestHandler {
  private unsent = 0;

  constructor(stream: ServerStream) {
    stream.pause();
    stream.respond(ok);
  }

  onData(stream: ServerStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    const isWelcome = stream.data(buffer.subarray(start, end));
    if (isWelcome) stream.consume(end - start);
    else this.unsent += end - start;
    if (endStream) stream.trailers(done);
  }

  onDrain(stream: ServerStream): void {
    stream.consume(this.unsent);
    this.unsent = 0;
  }

  onTrailers(stream: ServerStream, trailers: HeaderList, extra: readonly string[]): void {
    stream.trailers(done, [...trailers.fields, ...extra]);
  }

  onReset(): void {}
}

function fieldOf(name: string, { fields }: HeaderList, extra: readonly string[]): string {
  const all = [...fields, ...extra];
  return all[all.indexOf(name) + 1] ?? "";
}
