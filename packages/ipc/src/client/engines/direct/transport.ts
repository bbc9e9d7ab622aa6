import type { DescMethod } from "@bufbuild/protobuf";
import {
  type CallOptions,
  type ConnectError,
  type ContextValues,
  createContextValues,
  type StreamRequest,
  type StreamResponse,
  type Transport,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { runStreamingCall } from "@connectrpc/connect/protocol";
import { connectionDefaults } from "@vyra/http2";
import { CallScope } from "../../../call-scope.js";
import {
  assertWritable,
  completed,
  compressedFlag,
  compressInTurn,
  connectErrorFrom,
  type Encoded,
  fieldsOf,
  formatTimeout,
  headersOf,
  mayHaveManyListeners,
  parseTimeout,
  tamed,
  timeoutHeader,
} from "../../../grpc/index.js";
import { type DeadlineOptions, deadline, timeoutPolicy } from "../../../interceptors/deadline.js";
import { maxTimerMs } from "../../../real-timers.js";
import { CallCounter, type MemoryStats } from "../../../stats/index.js";
import { sendRemainingTime } from "../../attempt.js";
import { dial } from "../../dial.js";
import { defaultMaxBytes, type EngineTransport, type IpcTransportOptions } from "../../options.js";
import { connect } from "../../pool.js";
import { waitForReady } from "../../wait-for-ready.js";
import { type Core, requestError } from "./call.js";
import { ChainedCall } from "./chained-call.js";
import { KeepAlivePace } from "./keep-alive-pace.js";
import { defaultMaxWaitingBytes } from "./line.js";
import { contentType, Method } from "./method.js";
import { LazyUnaryResponse, type ResponseFields } from "./response.js";
import { DirectSession } from "./session.js";
import { StreamCall } from "./stream-call.js";
import { type OnResponse, UnaryCall } from "./unary-call.js";
import { WaitingRoom } from "./waiting-room.js";

type AnyResponse = UnaryResponse & StreamResponse;

/**
 * A transport on `@vyra/http2`.
 *
 * Without interceptors there is no request object, no `Headers` and no signal: a call goes straight from its arguments to the
 * wire. With them it goes through Connect's own chain, and each attempt is such a call. The limits of `deadline()` are kept
 * by the call itself, unless it goes through the chain, where they stand first.
 */
export function createDirectTransport(
  path: string,
  options: IpcTransportOptions,
  limits: DeadlineOptions | undefined,
): EngineTransport {
  const interceptors = options.interceptors ?? [];
  const isChained = interceptors.length > 0 || limits?.streamIdleMs !== undefined;
  const chain = limits === undefined ? interceptors : [deadline(limits), ...interceptors];
  const timeoutFor =
    limits === undefined ? (_: DescMethod, own: number | undefined) => finite(own) : timeoutPolicy(limits);
  const pace = new KeepAlivePace(options.keepAliveIntervalMs ?? 300_000);
  const connection = connect(options.connections ?? 1, path, (stop) =>
    openSession(path, options, stop, waitingRoom, pace),
  );
  const waitingRoom = new WaitingRoom(connection, options.maxWaitingBytes ?? defaultMaxWaitingBytes);
  const methods = new Map<DescMethod, Method>();
  const counter = new CallCounter();
  const core: Core = {
    path,
    options,
    isBinary: options.useBinaryFormat ?? true,
    readMaxBytes: options.readMaxBytes ?? defaultMaxBytes,
    writeMaxBytes: options.writeMaxBytes ?? defaultMaxBytes,
    get isShutDown() {
      return connection.state === "shutdown";
    },
    session: () => connection.session(),
    waitingRoom,
  };
  const { waitForReady: isPatientByDefault = false, sendCompression, compressMinBytes = 1024 } = options;
  const isPatient = (values: ContextValues | undefined) => values?.get(waitForReady) ?? isPatientByDefault;

  const message: EngineTransport["message"] = (desc, input, options) => {
    const own = options ?? noOptions;
    return new Promise((resolve, reject) => {
      try {
        const { signal, timeoutMs, headers, contextValues } = own;
        const onResponse = onMessage(own, resolve as (message: unknown) => void, reject);
        callUnary(methodOf(desc), signal, timeoutMs, headers, input, contextValues, onResponse, reject);
      } catch (error) {
        reject(requestError(error));
      }
    });
  };
  const transport: Transport = {
    unary(desc, signal, timeoutMs, header, input, contextValues) {
      const method = methodOf(desc);
      return new Promise((resolve, reject) => {
        try {
          if (isChained) {
            const call = new ChainedCall(signal, timeoutFor(desc, given(timeoutMs)));
            const req = requestOf(method, timeoutMs, header, contextValues);
            const message = completed(desc.input, input);
            const next = (attempt: UnaryRequest) => attemptUnary(method, attempt);
            resolve(call.run(interceptors, next, { stream: false, method: desc, message, ...req }) as never);
          } else {
            const onResponse = (message: unknown, fields: ResponseFields) =>
              resolve(new LazyUnaryResponse(desc, message as never, fields));
            callUnary(method, signal, timeoutMs, header, input, contextValues, onResponse, reject);
          }
        } catch (error) {
          reject(requestError(error));
        }
      });
    },
    stream(desc, signal, timeoutMs, header, input, contextValues) {
      const method = methodOf(desc);
      return new Promise((resolve, reject) => {
        try {
          if (isChained) {
            if (signal !== undefined) {
              mayHaveManyListeners(signal);
            }
            const req = requestOf(method, timeoutMs, header, contextValues);
            const call = runStreamingCall({
              interceptors: chain,
              ...limitedBy(timeoutMs),
              ...(signal && { signal }),
              req: { stream: true, method: desc, message: tamed(input), ...req },
              next: (attempt) => attemptStream(method, attempt) as never,
            });
            call.then(resolve, (error) => reject(connectErrorFrom(error)));
          } else {
            const onOpen = (call: StreamCall) => resolve(streamResponse(desc, call) as never);
            const limitMs = timeoutFor(desc, given(timeoutMs));
            const isWaiting = isPatient(contextValues);
            startStream(method, signal, limitMs, metadataOf(header), isWaiting, input, onOpen, reject);
          }
        } catch (error) {
          reject(requestError(error));
        }
      });
    },
  };

  const close = async () => connection.close();
  return {
    ...transport,
    ...(!isChained && { message }),
    get state() {
      return connection.state;
    },
    get peer() {
      return connection.peer;
    },
    ready: (readyOptions) => connection.ready(readyOptions),
    stats: () => ({ connections: connection.count, memory: memory(), ...counter.snapshot() }),
    close,
    [Symbol.asyncDispose]: close,
  };

  function memory(): MemoryStats {
    const limitBytes = (options.maxUnreadBytes ?? connectionDefaults.maxUnreadBytes) * connection.count;
    return { ...waitingRoom.shared.kinds, limitBytes };
  }

  function methodOf(desc: DescMethod): Method {
    let method = methods.get(desc);
    if (method === undefined) {
      method = new Method(desc, counter.of(desc), options);
      methods.set(desc, method);
    }
    return method;
  }

  /** A call through no interceptors, from the arguments of Connect's transports. */
  function callUnary(
    method: Method,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: unknown,
    values: ContextValues | undefined,
    onResponse: OnResponse,
    onError: (error: ConnectError) => void,
  ): void {
    const limitMs = timeoutFor(method.desc, given(timeoutMs));
    startUnary(method, signal, limitMs, metadataOf(header), isPatient(values), input, onResponse, onError);
  }

  /** @throws whatever is wrong with the request */
  function startUnary(
    method: Method,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    metadata: readonly string[],
    isWaiting: boolean,
    input: unknown,
    onResponse: OnResponse,
    onError: (error: ConnectError) => void,
  ): void {
    const call = new UnaryCall(core, method, signal, metadata, isWaiting, onResponse, onError);
    const request = encode(method, input);
    if (request instanceof Promise) {
      request.then((compressed) => call.start(compressed, timeoutMs)).catch((error) => onError(requestError(error)));
    } else {
      call.start(request, timeoutMs);
    }
  }

  /** Likewise. */
  function startStream(
    method: Method,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    metadata: readonly string[],
    isWaiting: boolean,
    input: AsyncIterable<unknown>,
    onOpen: (call: StreamCall) => void,
    onError: (error: ConnectError) => void,
  ): void {
    const encodeOne = (message: unknown) => encode(method, message);
    new StreamCall(core, method, signal, metadata, isWaiting, input, encodeOne, onOpen, onError).begin(timeoutMs);
  }

  function encode(method: Method, input: unknown): Encoded | Promise<Encoded> {
    const bytes = method.input.serialize(completed(method.desc.input, input as never));
    assertWritable(bytes.length, core.writeMaxBytes);
    if (sendCompression === undefined || bytes.length < compressMinBytes) {
      return { bytes, flags: 0 };
    }
    return compressInTurn(sendCompression, bytes).then((compressed) => ({ bytes: compressed, flags: compressedFlag }));
  }

  /** One attempt of a call that goes through interceptors: what they see has all its properties as its own. */
  function attemptUnary(method: Method, req: UnaryRequest): Promise<UnaryResponse> {
    sendRemainingTime(req);
    return new Promise((resolve, reject) => {
      const onResponse = (message: unknown, fields: ResponseFields) =>
        resolve({
          stream: false,
          service: req.method.parent,
          method: req.method,
          message,
          header: headersOf(fields.headerFields, fields.headerExtra),
          trailer: headersOf(fields.trailerFields, fields.trailerExtra),
        } as UnaryResponse);
      try {
        const isWaiting = isPatient(req.contextValues);
        startUnary(method, req.signal, undefined, attemptMetadata(req), isWaiting, req.message, onResponse, reject);
      } catch (error) {
        reject(requestError(error));
      }
    });
  }

  async function attemptStream(method: Method, req: StreamRequest): Promise<StreamResponse> {
    sendRemainingTime(req);
    return new Promise((resolve, reject) => {
      const onOpen = (call: StreamCall) => resolve(streamResponse(req.method, call));
      try {
        const isWaiting = isPatient(req.contextValues);
        startStream(method, req.signal, undefined, attemptMetadata(req), isWaiting, req.message, onOpen, reject);
      } catch (error) {
        reject(requestError(error));
      }
    });
  }

  function requestOf(
    method: Method,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    values = createContextValues(),
  ) {
    const headers = new Headers(header);
    headers.set("content-type", contentType(core.isBinary));
    headers.set("te", "trailers");
    const own = finite(given(timeoutMs));
    if (own !== undefined) {
      headers.set(timeoutHeader, formatTimeout(own));
    }
    return {
      service: method.desc.parent,
      requestMethod: "POST",
      url: `http://localhost${method.path}`,
      header: headers,
      contextValues: values,
    };
  }
}

type HeadersInit = ConstructorParameters<typeof Headers>[0];

/** Connect reads a time limit of 0 or less as none; so does this, and the `Infinity` that is none where nothing else is given. */
function given(timeoutMs: number | undefined): number | undefined {
  return timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
}

function finite(timeoutMs: number | undefined): number | undefined {
  return timeoutMs === Number.POSITIVE_INFINITY ? undefined : timeoutMs;
}

/** For Connect's own timer, which is `setTimeout`: what is longer than that takes is left to the server, whom `grpc-timeout` tells. */
function limitedBy(timeoutMs: number | undefined): { timeoutMs?: number } {
  const own = given(timeoutMs);
  return own === undefined || own > maxTimerMs ? {} : { timeoutMs: own };
}

const noOptions: CallOptions = {};

/** Hands over the message, after the metadata that the caller wants to see. */
function onMessage(
  { onHeader, onTrailer }: CallOptions,
  resolve: (message: unknown) => void,
  reject: (error: unknown) => void,
): OnResponse {
  if (onHeader === undefined && onTrailer === undefined) {
    return resolve;
  }
  const scope = new CallScope();
  return (message, fields) => {
    try {
      scope.runInAsyncScope(() => {
        onHeader?.(headersOf(fields.headerFields, fields.headerExtra));
        onTrailer?.(headersOf(fields.trailerFields, fields.trailerExtra));
      });
      resolve(message);
    } catch (error) {
      reject(error); // it is the caller's own
    }
  };
}

const noMetadata: readonly string[] = [];

function metadataOf(header: HeadersInit | undefined): readonly string[] {
  return header === undefined ? noMetadata : fieldsOf(new Headers(header));
}

/** The metadata of an attempt, and what remains of its time. */
function attemptMetadata({ header }: { header: Headers }): readonly string[] {
  const fields = fieldsOf(header);
  const timeout = header.get(timeoutHeader);
  return timeout !== null && parseTimeout(timeout) !== undefined ? [timeoutHeader, timeout, ...fields] : fields;
}

function streamResponse(method: DescMethod, call: StreamCall): AnyResponse {
  let header: Headers | undefined;
  return {
    stream: true,
    service: method.parent,
    method,
    get header() {
      header ??= call.header;
      return header;
    },
    get trailer() {
      return call.trailer;
    },
    message: call.messagesForReader(),
  } as unknown as AnyResponse;
}

/** How often to dial anew where the server was leaving when it took the connection: another may have its place. */
const maxDials = 16;

async function openSession(
  path: string,
  options: IpcTransportOptions,
  stop: AbortSignal,
  waitingRoom: WaitingRoom,
  pace: KeepAlivePace,
): Promise<DirectSession> {
  for (let dials = 1; ; dials++) {
    const session = new DirectSession(await dial(path, options.trustedUsers ?? []), options, waitingRoom, pace);
    try {
      return await session.settled(path, stop);
    } catch (error) {
      if (!session.isSentAway || dials === maxDials || stop.aborted) {
        throw error;
      }
    }
  }
}
