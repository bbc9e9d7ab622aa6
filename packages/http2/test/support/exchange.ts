import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import {
  ClientConnection,
  type ClientConnectionHandler,
  type ClientStream,
  type ConnectionError,
  type ConnectionOptions,
  HeaderBlock,
  type HeaderList,
  NO_FIELDS,
  type RequestHandler,
  type ResponseHandler,
  ServerConnection,
  type ServerConnectionHandler,
  type ServerStream,
  type StreamError,
} from "@vyra/http2";
import { type Deferred, deferred, dial, listen } from "./sockets.js";

export const POST = HeaderBlock.of([":method", "POST", ":scheme", "http", ":path", "/echo", ":authority", "localhost"]);
export const GET = HeaderBlock.of([":method", "GET", ":scheme", "http", ":path", "/", ":authority", "localhost"]);
export const OK = HeaderBlock.of([":status", "200", "content-type", "application/test"]);
export const DONE = HeaderBlock.of(["grpc-status", "0"]);

export interface Response {
  readonly status: number;
  readonly headers: string[];
  readonly body: Buffer;
  readonly trailers: string[];
}

/** Collects a whole response. */
export class Collector implements ResponseHandler {
  readonly result: Deferred<Response> = deferred();
  readonly informational: number[] = [];
  readonly chunks: Buffer[] = [];
  headers: string[] = [];
  status = 0;
  resets = 0;
  drains = 0;

  get response(): Promise<Response> {
    return this.result.promise;
  }

  onInformational(_stream: ClientStream, headers: HeaderList): void {
    this.informational.push(headers.status);
  }

  onHeaders(_stream: ClientStream, headers: HeaderList, extra: readonly string[], endStream: boolean): void {
    this.status = headers.status;
    this.headers = [...headers.fields, ...extra];
    if (endStream) this.done([]);
  }

  onData(_stream: ClientStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.chunks.push(Buffer.from(buffer.subarray(start, end)));
    if (endStream) this.done([]);
  }

  onTrailers(_stream: ClientStream, trailers: HeaderList, extra: readonly string[]): void {
    this.done([...trailers.fields, ...extra]);
  }

  onReset(_stream: ClientStream, error: StreamError): void {
    this.resets++;
    this.result.reject(error);
  }

  onDrain(): void {
    this.drains++;
  }

  private done(trailers: string[]): void {
    const { status, headers } = this;
    this.result.resolve({ status, headers, body: Buffer.concat(this.chunks), trailers });
  }
}

/** Collects a request and then responds to it. */
export class Call implements RequestHandler {
  readonly headers: string[];
  readonly chunks: Buffer[] = [];
  trailers: string[] = [];
  error: StreamError | null = null;
  private readonly answer: (stream: ServerStream, body: Buffer, call: Call) => void;

  constructor(headers: string[], answer: (stream: ServerStream, body: Buffer, call: Call) => void) {
    this.headers = headers;
    this.answer = answer;
  }

  onData(stream: ServerStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.chunks.push(Buffer.from(buffer.subarray(start, end)));
    if (endStream) this.finish(stream);
  }

  onTrailers(stream: ServerStream, trailers: HeaderList, extra: readonly string[]): void {
    this.trailers = [...trailers.fields, ...extra];
    this.finish(stream);
  }

  onReset(_stream: ServerStream, error: StreamError): void {
    this.error = error;
  }

  finish(stream: ServerStream): void {
    this.answer(stream, Buffer.concat(this.chunks), this);
  }
}

/** Returns a server's handler that calls `answer` for each request when it is complete. */
export function answering(answer: (stream: ServerStream, body: Buffer, call: Call) => void): ServerConnectionHandler {
  return {
    onStream(stream, headers, extra, endStream) {
      const call = new Call([...headers.fields, ...extra], answer);
      if (endStream) call.finish(stream);
      return call;
    },
  };
}

/** A server's handler that returns the body of each request, with trailers. */
export const echo = answering((stream, body) => stream.reply(OK, NO_FIELDS, null, body, DONE));

export interface Link {
  readonly client: ClientConnection;
  readonly server: ServerConnection;
  readonly clientClosed: Promise<ConnectionError | null>;
  readonly serverClosed: Promise<ConnectionError | null>;
  readonly clientSocket: Socket;
  readonly serverSocket: Socket;
}

export interface LinkOptions {
  readonly client?: ConnectionOptions;
  readonly server?: ConnectionOptions;
  readonly clientHandler?: ClientConnectionHandler;
  /** Is called with the server's socket before it is read, for example to cut what it receives into pieces. */
  readonly onServerSocket?: (socket: Socket) => void;
}

/** Connects a client and a server of this library. */
export async function link(t: TestContext, handler: ServerConnectionHandler, options: LinkOptions = {}): Promise<Link> {
  const accepted = deferred<Socket>();
  const path = await listen(t, (socket) => accepted.resolve(socket));
  const clientSocket = dial(t, path);
  const clientClosed = deferred<ConnectionError | null>();
  const serverClosed = deferred<ConnectionError | null>();
  const client = new ClientConnection(
    clientSocket,
    {
      ...options.clientHandler,
      onClose(error) {
        options.clientHandler?.onClose?.(error);
        clientClosed.resolve(error);
      },
    },
    options.client,
  );
  const serverSocket = await accepted.promise;
  options.onServerSocket?.(serverSocket);
  const server = new ServerConnection(
    serverSocket,
    {
      ...handler,
      onClose(error) {
        handler.onClose?.(error);
        serverClosed.resolve(error);
      },
    },
    options.server,
  );
  return {
    client,
    server,
    clientClosed: clientClosed.promise,
    serverClosed: serverClosed.promise,
    clientSocket,
    serverSocket,
  };
}

/** Sends a request with this body. @returns the response */
export function exchange(
  client: ClientConnection,
  body: Uint8Array,
  extra: readonly string[] = NO_FIELDS,
): Promise<Response> {
  const collector = new Collector();
  client.requestMessage(POST, extra, null, body, collector);
  return collector.response;
}
