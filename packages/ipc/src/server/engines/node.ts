import { createServer as createHttp1Server } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Session } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
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
    session.once("close", () => sessions.delete(session));
    session.on("error", () => {}); // a broken peer; "close" follows
  });
  let isDraining = false;

  return {
    accept(socket) {
      http2.emit("connection", socket);
      if (isDraining) {
        drain(sessions);
      }
    },
    acceptHttp1(socket) {
      http1.emit("connection", socket);
    },
    drain() {
      isDraining = true;
      drain(sessions);
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
    const request = universalRequestFromNodeRequest(req, res, undefined, undefined);
    const timeoutMs = timeoutOf(req);
    if (timeoutMs !== undefined && isBytes(request.body)) {
      // A caller that stops in the middle of a message would keep its call open past its deadline.
      const limit = startDeadline(request.signal, timeoutMs, "deadline");
      res.once("close", limit.stop);
      request.body = abortableIterable(request.body, limit.signal);
    }
    handler(request)
      .then((response) => universalResponseToNodeResponse(response, res))
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

/** Two steps, so that a call that was on its way when we said so is still taken, RFC 9113 §6.8. */
function drain(sessions: Iterable<ServerHttp2Session>): void {
  for (const session of sessions) {
    if (session.destroyed || session.closed) {
      continue;
    }
    session.goaway(0, lastStreamId);
    // A peer that answers no PING has no call on its way either; close() alone waits for what is running.
    const isSent = session.ping(() => {
      if (!session.destroyed) {
        session.close();
      }
    });
    if (!isSent) {
      session.close();
    }
  }
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
