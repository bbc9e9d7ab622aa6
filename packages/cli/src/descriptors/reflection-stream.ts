import { create, type DescMethodStreaming, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type { StreamResponse } from "@connectrpc/connect";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
  type ServerReflectionResponseSchema,
} from "@vyra/ipc/reflection";
import { Failure } from "../failure.js";
import { type Connection, isUnimplemented } from "../server/connection.js";
import { interrupted, pause } from "../terminal/interrupt.js";

type Request = MessageShape<typeof ServerReflectionRequestSchema>;
type Response = MessageShape<typeof ServerReflectionResponseSchema>;
export type ReflectionRequest = NonNullable<MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"]>;
export type ReflectionResponse = Response["messageResponse"];

/** The server has reflection in neither of its versions. */
export class NoReflection extends Failure {
  constructor(path: string) {
    super("usage", `the server at ${path} has no reflection: describe its services with --proto or --descriptor-set`);
  }
}

const { serverReflectionInfo } = ServerReflection.method;

/** The same method in the older version, v1alpha, whose messages are the same on the wire. */
const olderServerReflectionInfo: typeof serverReflectionInfo = {
  ...serverReflectionInfo,
  parent: { ...ServerReflection, typeName: "grpc.reflection.v1alpha.ServerReflection" },
};

/** The server has this long to end a stream after the last request, in milliseconds. */
const patienceMs = 100;

/** A stream to a server's reflection service, with one request open at a time. */
export class ReflectionStream {
  readonly #end = new AbortController();
  #requests: Requests | undefined;
  #answers: AsyncIterator<Response> | undefined;

  constructor(
    private readonly connection: Connection,
    /** The timeout of the whole stream. */
    private readonly timeoutMs: number,
  ) {}

  /** @throws {NoReflection} if the server has no reflection, or the ConnectError that ended the stream. */
  async ask(question: ReflectionRequest): Promise<ReflectionResponse> {
    if (this.#requests === undefined) {
      return this.#begin(question);
    }
    this.#requests.push(requestOf(question));
    return this.#next();
  }

  /**
   * Ends the requests, so that the server can end the stream without an error. If it does not, the stream is cancelled.
   */
  async close(): Promise<void> {
    this.#requests?.end();
    const isOver = this.#answers?.next().catch(() => undefined);
    await Promise.race([isOver, pause(patienceMs, this.#end.signal)]);
    this.#end.abort();
  }

  /** Only the first response shows which version of reflection the server has. */
  async #begin(question: ReflectionRequest): Promise<ReflectionResponse> {
    for (const method of [serverReflectionInfo, olderServerReflectionInfo]) {
      try {
        await this.#open(method, requestOf(question));
        return await this.#next();
      } catch (error) {
        if (!isUnimplemented(error)) {
          throw error;
        }
      }
    }
    throw new NoReflection(this.connection.path);
  }

  async #open(method: typeof serverReflectionInfo, first: Request): Promise<void> {
    this.#requests = new Requests(first);
    const signal = AbortSignal.any([this.#end.signal, interrupted]);
    const { transport } = this.connection;
    const response: StreamResponse<typeof ServerReflectionRequestSchema, typeof ServerReflectionResponseSchema> =
      await transport.stream(method as DescMethodStreaming as never, signal, this.timeoutMs, undefined, this.#requests);
    this.#answers = response.message[Symbol.asyncIterator]();
  }

  async #next(): Promise<ReflectionResponse> {
    const next = await this.#answers?.next();
    if (next === undefined || next.done) {
      throw new Failure("failed", `the reflection service at ${this.connection.path} ended the stream early`);
    }
    return next.value.messageResponse;
  }
}

function requestOf(messageRequest: ReflectionRequest): Request {
  return create(ServerReflectionRequestSchema, { messageRequest });
}

/** A stream of requests that are pushed one by one. */
class Requests implements AsyncIterableIterator<Request> {
  readonly #waiting: Request[] = [];
  #wake: (() => void) | undefined;
  #isEnded = false;

  constructor(first: Request) {
    this.#waiting.push(first);
  }

  push(request: Request): void {
    this.#waiting.push(request);
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<Request>> {
    while (this.#waiting.length === 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const value = this.#waiting.shift();
    return value === undefined ? { done: true, value: undefined } : { done: false, value };
  }

  async return(): Promise<IteratorResult<Request>> {
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
