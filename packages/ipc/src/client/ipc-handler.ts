import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type CallOptions, type Client, Code, ConnectError } from "@connectrpc/connect";
import { type Channel, type ChannelOptions, type ChannelReadyOptions, createChannel } from "./channel.js";

/** The names of a service's methods, as in proto (`GetStatus`) or as in clients (`getStatus`). */
export type MethodName<S extends DescService> = (keyof Client<S> & string) | Capitalize<keyof Client<S> & string>;

/** The function of a typed client that calls the method with this name. */
export type MethodCall<S extends DescService, N> = Client<S>[N extends string & keyof Client<S>
  ? N
  : Uncapitalize<N & string> & keyof Client<S>];

/** What the method with this name takes; `unknown` if the name is not known to the compiler. */
export type MethodRequest<S extends DescService, N> =
  N extends MethodName<S>
    ? MethodCall<S, N> extends (request: infer R, options?: CallOptions) => unknown
      ? R
      : never
    : unknown;

/** What the method with this name returns. */
export type MethodResult<S extends DescService, N> =
  N extends MethodName<S>
    ? MethodCall<S, N> extends (request: never, options?: CallOptions) => infer R
      ? R
      : never
    : Promise<unknown> | AsyncIterable<unknown>;

type Fn = (request: never, options?: CallOptions) => unknown;

/** The service to call, its address, and the options of the channel. */
export interface IpcHandlerOptions<S extends DescService> extends ChannelOptions {
  /** The address of the server, as in `serve()`: a module name, a path or `unix:/path`. */
  readonly socket: string;
  /** The generated service whose methods are called. */
  readonly service: S;
}

/**
 * Calls methods of one service by name.
 *
 * ```ts
 * const handler = new IpcHandler({ socket: "my_module", service: BackendService });
 * await handler.connect();
 * const { status } = await handler.callMethod("GetStatus", {});
 * await handler.disconnect();
 * ```
 *
 * If the name is a literal, request and response are typed.
 */
export class IpcHandler<S extends DescService> implements AsyncDisposable {
  readonly #options: IpcHandlerOptions<S>;
  #connected: { channel: Channel; client: Client<S> } | undefined;

  /** Creates a handler, which is not connected yet. */
  constructor(options: IpcHandlerOptions<S>) {
    this.#options = options;
  }

  /**
   * Connects, waiting until the server is reachable.
   *
   * @param options `timeoutMs` is how long to wait, in milliseconds, by default 5,000; `healthy` waits until the
   *   server is SERVING.
   * @throws {ConnectError} Unavailable if the server was not reachable in time, and the errors of `Channel.ready()`.
   */
  async connect(options: ChannelReadyOptions = {}): Promise<void> {
    if (this.#connected === undefined) {
      const { socket, service, ...channelOptions } = this.#options;
      const channel = createChannel(socket, channelOptions);
      this.#connected = { channel, client: channel.client(service) };
    }
    const { channel } = this.#connected;
    try {
      await channel.ready({ timeoutMs: 5_000, ...options });
    } catch (error) {
      await this.disconnect();
      throw error;
    }
  }

  /**
   * Calls a method by name. Returns a promise of the response, or an async iterable if the method streams responses.
   *
   * @throws {ConnectError} Unimplemented if the service has no such method, FailedPrecondition before `connect()`,
   *   and the errors of the call.
   */
  callMethod<N extends MethodName<S> | (string & {})>(
    name: N,
    request: MethodRequest<S, N>,
    options?: CallOptions,
  ): MethodResult<S, N>;
  callMethod(name: string, request: unknown, options?: CallOptions): unknown {
    const { service, socket } = this.#options;
    const method = service.methods.find((m) => m.name === name || m.localName === name);
    if (method === undefined) {
      return Promise.reject(new ConnectError(unknownMethod(service, name), Code.Unimplemented));
    }
    if (this.#connected === undefined) {
      return failed(
        method,
        new ConnectError(`not connected to ${socket}: await connect() first`, Code.FailedPrecondition),
      );
    }
    const client = this.#connected.client as Record<string, Fn>;
    return client[method.localName]?.(request as never, options);
  }

  /** Closes the connection. Calls in flight fail with Canceled; `connect()` opens a new one. */
  async disconnect(): Promise<void> {
    const connected = this.#connected;
    this.#connected = undefined;
    await connected?.channel.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }
}

/** Returns an error in the form of the method's result. */
function failed(method: DescMethod, error: ConnectError): Promise<never> | AsyncIterable<never> {
  if (method.methodKind === "unary" || method.methodKind === "client_streaming") {
    return Promise.reject(error);
  }
  return (async function* () {
    yield* [];
    throw error;
  })();
}

function unknownMethod(service: DescService, name: string): string {
  const names = service.methods.map((method) => method.name);
  return `${service.typeName} has no method ${JSON.stringify(name)}: it has ${names.join(", ")}`;
}
