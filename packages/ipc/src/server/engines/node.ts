import { createServer as createHttp1Server } from "node:http";
import { constants, createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { abortableIterable, parseTimeout, startDeadline, timeoutHeader } from "../../grpc/index.js";
import type { EngineOptions, ServerEngine } from "../engine.js";
import { guard, nameOf } from "../guard.js";

type NodeRequest = Parameters<typeof universalRequestFromNodeRequest>[0];
type NodeResponse = Parameters<typeof universalResponseToNodeResponse>[1];

/** GOAWAY's first step allows every stream id, RFC 9113 §6.8. */
const lastStreamId = 2 ** 31 - 1;

/**
 * The reference engine: connect-node's handlers over `node:http2` and `node:http`.
 */
export function createNodeEngine({ routes, router, onError }: EngineOptions): ServerEngine {
  const handlers = new Map<string, UniversalHandler>();
  for (const handler of routes.handlers(router, guard(onError))) {
    handlers.set(handler.requestPath, handler);
  }
  const sessions = new Set<ServerHttp2Session>();
  const http2 = createHttp2Server(http2Options, handle);
  const http1 = createHttp1Server(handle);
  http2.on("session", (session) => {
    sessions.add(session);
    if (isDraining) {
      drain(session);
    }
    session.once("close", () => sessions.delete(session));
    session.on("error", () => {}); // a broken peer; "close" follows
  });
  let isDraining = false;

  return {
    accept(socket) {
      http2.emit("connection", socket);
    },
    acceptHttp1(socket) {
      http1.emit("connection", socket);
    },
    drain() {
      isDraining = true;
      sessions.forEach(drain);
      http1.closeIdleConnections();
      http1.keepAliveTimeout = 1;
    },
  };

  function handle(req: NodeRequest, res: NodeResponse): void {
    const handler = handlers.get(pathOf(req));
    if (handler === undefined) {
      answerUnknown(req, res);
      return;
    }
    mendAuthority(req);
    letGoOfRequest(res);
    const request = universalRequestFromNodeRequest(req, res, undefined, undefined);
    if (isBytes(request.body)) {
      request.body = bodyOf(request.body, request.signal, timeoutOf(req), res);
    }
    handler(request)
      .then((response) => universalResponseToNodeResponse(endedWith(res, response), res))
      .catch((error: unknown) => {
        if (!res.closed && !isPeerGone(error)) {
          onError(error, { method: nameOf(handler.method) });
        }
      });
  }
}

const http2Options = {
  settings: {
    // As for the messages themselves, which are limited to 10 MiB by default: what a fast reader lets a writer have
    // under way. The 64 KiB of RFC 9113 §6.5.2 would make every larger message wait for a round trip.
    initialWindowSize: 1024 * 1024,
    maxConcurrentStreams: 100_000,
  },
  // In MB. Node.js ends a connection whose buffers, messages being read among them, grow beyond its default of 10.
  maxSessionMemory: 1_024,
  // A client that cancels many calls within a moment is no attacker here. Per second, and at once (CVE-2023-44487).
  streamResetRate: 5_000,
  streamResetBurst: 20_000,
};

/** For how long a peer may be silent before its calls on their way are given up, in milliseconds; a round trip takes microseconds. */
const roundTripMs = 50;

/**
 * GOAWAY in two steps, RFC 9113 §6.8: the first lets every call still come, and a PING's answer tells that none is on its
 * way any more. Node.js' own client does not answer it when it is idle, but says GOAWAY as well and leaves.
 */
function drain(session: ServerHttp2Session): void {
  if (session.destroyed || session.closed) {
    return;
  }
  const close = () => {
    clearTimeout(timer);
    if (!session.destroyed) {
      session.close();
    }
  };
  const timer = setTimeout(close, roundTripMs);
  session.once("goaway", close);
  session.goaway(constants.NGHTTP2_NO_ERROR, lastStreamId);
  session.ping(close);
}

/**
 * A call is over with its answer, read to the end or not: RST_STREAM with NO_ERROR asks the peer to stop sending, RFC 9113
 * §8.1. Otherwise the stream would stay open for as long as the peer likes.
 */
function letGoOfRequest(res: NodeResponse): void {
  const stream = "stream" in res ? res.stream : undefined;
  // The trailers are the last to be written; the turn after, they are on their way.
  stream?.once("wantTrailers", () => {
    setImmediate(() => {
      if (!stream.destroyed && !stream.readableEnded) {
        stream.close(constants.NGHTTP2_NO_ERROR);
      }
    });
  });
}

/**
 * The request's bytes. They end with the call: a caller that stops in the middle of a message would keep it open past its
 * deadline, and one that vanishes would look to a handler like a fault of its own.
 */
async function* bodyOf(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  timeoutMs: number | undefined,
  res: NodeResponse,
): AsyncIterable<Uint8Array> {
  const limit = timeoutMs === undefined ? undefined : startDeadline(signal, timeoutMs, "deadline");
  res.once("close", () => limit?.stop());
  try {
    yield* abortableIterable(body, limit?.signal ?? signal);
  } catch (error) {
    throw error instanceof ConnectError
      ? error
      : new ConnectError("the caller went away", Code.Canceled, undefined, undefined, error);
  } finally {
    limit?.stop();
  }
}

/**
 * connect-node waits for "drain" before it writes on, which never comes on a stream that was closed meanwhile: the call's
 * timers and its handler would live on. So the end of the stream ends the response as well.
 */
function endedWith(res: NodeResponse, response: UniversalServerResponse): UniversalServerResponse {
  const iterator = response.body?.[Symbol.asyncIterator]();
  if (iterator === undefined) {
    return response;
  }
  res.once("close", () => iterator.return?.().catch(() => {}));
  return { ...response, body: { [Symbol.asyncIterator]: () => iterator } };
}

function pathOf(req: NodeRequest): string {
  const url = req.url ?? "";
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

/**
 * gRPC peers send the socket's path as `:authority`, percent-encoded (`%2Ftmp%2Fs.sock`); connect-node makes a URL of it,
 * which throws. What a peer calls us makes no difference here.
 */
function mendAuthority(req: NodeRequest): void {
  const authority = req.headers[":authority"] ?? req.headers.host;
  if (authority === undefined || !URL.canParse(`http://${authority}`)) {
    req.headers[":authority"] &&= "localhost";
    req.headers.host = "localhost";
  }
}

function answerUnknown(req: NodeRequest, res: NodeResponse): void {
  if (req.headers["content-type"]?.startsWith("application/grpc")) {
    const message = encodeURIComponent(`unknown method ${pathOf(req)}`);
    res.writeHead(200, {
      "content-type": "application/grpc",
      "grpc-status": String(Code.Unimplemented),
      "grpc-message": message,
    });
  } else {
    res.writeHead(404);
  }
  res.end();
}

function timeoutOf(req: NodeRequest): number | undefined {
  const { [timeoutHeader]: grpc, "connect-timeout-ms": connect } = req.headers;
  return typeof grpc === "string" ? parseTimeout(grpc) : Number(connect) || undefined;
}

function isBytes(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

function isPeerGone(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  return code === Code.Aborted || code === Code.Canceled;
}
