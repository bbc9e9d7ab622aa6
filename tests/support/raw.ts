import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import { connect, type Socket } from "node:net";
import { FrameSplitter, magic, Type } from "./wire.js";

/** The response on one HTTP/2 stream. */
export interface RawResponse {
  readonly headers: IncomingHttpHeaders & { ":status"?: number | undefined };
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly rstCode: number | undefined;
}

/** A bare HTTP/2 client, which can send what a correct client would not. */
export function rawSession(path: string, socket: Socket = connect({ path })): ClientHttp2Session {
  const session = connectHttp2("http://localhost", { createConnection: () => socket });
  session.on("error", () => {});
  return session;
}

/** Makes one request and reads its response. `body` is sent unchanged, and `end: false` leaves the request open. */
export function rawRequest(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body: Uint8Array = new Uint8Array(),
  { end = true }: { end?: boolean } = {},
): Promise<RawResponse> {
  return new Promise((resolve) => {
    const stream = session.request({
      ":method": "POST",
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const chunks: Buffer[] = [];
    let response: RawResponse["headers"] = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on("response", (h) => {
      response = h;
    });
    stream.on("trailers", (t) => {
      trailers = t;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", () => {});
    stream.once("close", () => {
      resolve({ headers: response, trailers, body: Buffer.concat(chunks), rstCode: stream.rstCode });
    });
    stream.write(body);
    if (end) {
      stream.end();
    }
  });
}

/** A gRPC message in its envelope: a flag, its length, and the bytes. */
export function envelope(message: Uint8Array, { flags = 0, length = message.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

/** Returns the gRPC status of a response, from its headers or its trailers. */
export function statusOf({ headers, trailers }: RawResponse): number {
  return Number(trailers["grpc-status"] ?? headers["grpc-status"]);
}

/** Sends bytes unchanged, and returns all that the other side sends until it closes the connection. */
export function rawExchange(path: string, ...chunks: (string | Uint8Array)[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ path });
    const received: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => received.push(chunk));
    socket.on("error", () => {});
    socket.once("close", () => resolve(Buffer.concat(received)));
    void (async () => {
      for (const chunk of chunks) {
        socket.write(chunk);
        await new Promise(setImmediate);
      }
    })();
  });
}

/** A bare HTTP/2 server at a path, which can do what a correct server would not. */
export interface RawServer extends AsyncDisposable {
  readonly http2: Http2Server;
  /** Breaks all connections. */
  hangUp(): void;
}

export async function rawServer(
  path: string,
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
  options: ServerOptions = {},
): Promise<RawServer> {
  const http2 = createServer(options);
  const sockets = new Set<Socket>();
  http2.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  http2.on("session", (session) => session.on("error", () => {}));
  http2.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    onStream(stream, headers);
  });
  await new Promise<void>((resolve) => http2.listen(path, resolve));
  const hangUp = () => {
    for (const socket of sockets) {
      socket.destroy();
    }
  };
  return {
    http2,
    hangUp,
    async [Symbol.asyncDispose]() {
      hangUp();
      await new Promise((resolve) => http2.close(resolve));
    },
  };
}

/**
 * Calls back for each HEADERS frame that an HTTP/2 client sends, on a server's socket that has no other reader. Nothing
 * is acknowledged.
 */
export function onHeaders(socket: Socket, callback: (streamId: number) => void): void {
  const splitter = new FrameSplitter();
  let prefaceLeft = magic.length;
  socket.on("data", (chunk: Buffer) => {
    const skipped = Math.min(prefaceLeft, chunk.length);
    prefaceLeft -= skipped;
    for (const { type, streamId } of splitter.push(chunk.subarray(skipped))) {
      if (type === Type.HEADERS) {
        callback(streamId);
      }
    }
  });
}
