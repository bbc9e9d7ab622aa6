import { Code, ConnectError } from "@connectrpc/connect";
import {
  HeaderBlock,
  type HeaderList,
  HeaderListSizeError,
  type RequestHandler,
  readInPlace,
  ServerConnection,
  type ServerStream,
  SharedAccount,
} from "@vyra/http2";
import { busyPollWith } from "../../../busy-poll/busy-poll.js";
import { fieldOf, grpcFormat, methodName, statusFields } from "../../../grpc/index.js";
import { maxTimerMs } from "../../../time/real-timers.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import type { Caller } from "../../caller.js";
import type { Http1 } from "../connect/http1.js";
import type { EngineOptions, ServerEngine } from "../engine.js";
import { outermost } from "../outermost-interceptor.js";
import { BridgedCall, type BridgeSettings } from "./bridge.js";
import { ServerCall } from "./call.js";
import { factsOf, Route } from "./route.js";
import { StreamServerCall } from "./stream-call.js";
import { UnaryServerCall } from "./unary-call.js";
import { UnfinishedRequests } from "./unfinished-requests.js";

/** Creates the engine `"direct"`: gRPC on `@vyra/http2`, and other protocols through Connect's handlers. */
export function createDirectEngine({
  routes,
  router,
  onError,
  handshakeTimeoutMs,
  memory,
  busyPollMaxUs,
  counter,
}: EngineOptions): ServerEngine {
  const { maxUnreadBytes, maxWaitingBytes, maxHeldBytes } = memory;
  const shared = new SharedAccount(maxHeldBytes);
  const handlers = routes.handlers(router, outermost(counter, onError));
  const direct = new Map<string, Route>();
  for (const method of routes.methods) {
    const path = `/${methodName(method.desc)}`;
    if ((method.options?.grpc ?? router.grpc) !== false) {
      direct.set(path, new Route(method, router, counter.of(method.desc), onError));
    } else {
      direct.delete(path);
    }
  }
  const bridge: BridgeSettings = { onError, maxTimeoutMs: router.maxTimeoutMs };
  const busyPoll = busyPollWith(busyPollMaxUs);
  busyPoll?.expect(); // a request may always follow
  const connections = new Set<ServerConnection>();
  const unfinished = new UnfinishedRequests(connections, memory.requestTimeoutMs);
  let http1: Promise<Http1> | undefined;
  let isDraining = false;
  router.shutdownSignal.addEventListener("abort", () => {
    for (const stream of [...connections].flatMap((connection) => connection.streams())) {
      if (stream.context instanceof ServerCall) {
        stream.context.fail(connectErrorFrom(router.shutdownSignal.reason, Code.Unavailable));
      }
    }
  });

  const timeoutMs = handshakeTimeoutMs <= maxTimerMs ? handshakeTimeoutMs : 0;
  const connectionOptions = {
    reader: "caller",
    settingsTimeoutMs: timeoutMs,
    headerTimeoutMs: timeoutMs,
    shared,
    maxUnreadBytes,
    maxWaitingBytes,
  } as const;

  return {
    get memory() {
      return { ...shared.kinds, limitBytes: shared.limitBytes };
    },
    accept(socket, head, caller, onBegun) {
      const inPlace = readInPlace(socket, (buffer, start, end) => {
        busyPoll?.arrived(end - start);
        connection.receive(buffer, start, end);
      });
      const connection: ServerConnection = new ServerConnection(
        inPlace,
        {
          onBegun,
          onStream: (stream, list, extra, endStream) => onStream(caller, stream, list, extra, endStream),
          onClose: () => connections.delete(connection),
          onHandlerError,
        },
        connectionOptions,
        head,
      );
      connections.add(connection);
      unfinished.watch();
      inPlace.resume(); // it is paused if authorization took a while
      if (isDraining) {
        connection.close();
      }
    },
    acceptHttp1(socket, head, caller, onBegun) {
      http1 ??= loadHttp1();
      http1.then(
        (loaded) => socket.destroyed || loaded.accept(socket, head, caller, onBegun),
        (error) => {
          onError(error, { method: "HTTP/1.1" });
          socket.destroy();
        },
      );
    },
    drain() {
      isDraining = true;
      for (const connection of connections) {
        connection.close();
      }
      http1?.then(
        (loaded) => loaded.drain(),
        () => {}, // has been reported
      );
    },
  };

  /** Loads the HTTP/1.1 server at the first request, since most servers never get one. */
  async function loadHttp1(): Promise<Http1> {
    const { createHttp1 } = await import("../connect/http1.js");
    const { createNodeHandler } = await import("../connect/handler.js");
    const loaded = createHttp1(createNodeHandler(handlers, onError, router.maxTimeoutMs), handshakeTimeoutMs, {
      shared,
      maxWaitingBytes,
      requestTimeoutMs: memory.requestTimeoutMs,
    });
    if (isDraining) {
      loaded.drain();
    }
    return loaded;
  }

  function onStream(
    caller: Caller,
    stream: ServerStream,
    list: HeaderList,
    extra: readonly string[],
    endStream: boolean,
  ): RequestHandler {
    const facts = factsOf(direct, list, extra);
    if (facts === undefined) {
      return answerOther(caller, stream, list.fields, extra, endStream);
    }
    const Call = facts.route.desc.methodKind === "unary" ? UnaryServerCall : StreamServerCall;
    const call = new Call(stream, facts, caller, list.fields, extra);
    stream.context = call;
    call.begin(endStream);
    return call;
  }

  function answerOther(
    caller: Caller,
    stream: ServerStream,
    fields: readonly string[],
    extra: readonly string[],
    endStream: boolean,
  ): RequestHandler {
    const path = fieldOf(":path", fields, extra) ?? "";
    const query = path.indexOf("?");
    const handler = handlers.get(query === -1 ? path : path.slice(0, query));
    if (handler !== undefined) {
      const call = new BridgedCall(stream, { handler, caller, fields, extra, endStream }, bridge);
      stream.context = call;
      return call;
    }
    if (grpcFormat(fieldOf("content-type", fields, extra)) !== undefined) {
      const error = new ConnectError(`unknown method ${path}`, Code.Unimplemented);
      stream.respond(grpcHeaders, statusFields(error), true);
    } else {
      stream.respond(notFound, [], true);
    }
    if (!endStream) {
      stream.reset(0);
    }
    return ignoringHandler;
  }

  function onHandlerError(error: unknown): void {
    // The stream is reset if even the shortest response exceeds the caller's limit of header fields, and that is not a
    // fault of this server.
    if (!(error instanceof HeaderListSizeError)) {
      onError(error, { method: "a stream" });
    }
  }
}

const grpcHeaders = HeaderBlock.of([":status", "200", "content-type", "application/grpc"]);
const notFound = HeaderBlock.of([":status", "404"]);
const ignoringHandler: RequestHandler = { onData() {}, onTrailers() {}, onReset() {} };
