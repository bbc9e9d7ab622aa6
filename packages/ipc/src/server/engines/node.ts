import { constants, createServer, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { SharedAccount } from "@vyra/http2";
import { maxTimerMs } from "../../grpc/index.js";
import { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from "../../real-timers.js";
import type { Caller } from "../caller.js";
import type { EngineOptions, ServerEngine } from "../engine.js";
import { createHttp1 } from "../http1.js";
import { createNodeHandler } from "../node-handler.js";
import { outermost } from "../outermost.js";

/** GOAWAY's first step allows every stream id, RFC 9113 §6.8. */
const lastStreamId = 2 ** 31 - 1;

/**
 * The reference engine: connect-node's handlers over `node:http2` and `node:http`.
 */
export function createNodeEngine({
  routes,
  router,
  onError,
  handshakeTimeoutMs,
  memory,
  counter,
}: EngineOptions): ServerEngine {
  const handlers = routes.handlers(router, outermost(counter, onError));
  const handle = createNodeHandler(handlers, onError, router.maxTimeoutMs);
  const sessions = new Map<ServerHttp2Session, Caller | undefined>();
  const http2 = createServer(http2Options, (req, res) => {
    handle(req, res, sessions.get(req.stream.session as ServerHttp2Session));
  });
  const http1 = createHttp1(handle, handshakeTimeoutMs, { ...memory, shared: new SharedAccount(memory.maxHeldBytes) });
  http2.on("session", (session) => {
    destroyBetweenReads(session);
    sessions.set(session, accepting?.caller);
    if (accepting !== undefined) {
      session.once("remoteSettings", accepting.onBegun);
      endStuckBeginnings(session, accepting.socket, handshakeTimeoutMs);
    }
    if (isDraining) {
      drain(session);
    }
    session.once("close", () => sessions.delete(session));
    session.on("error", () => {}); // a broken peer; "close" follows
  });
  let isDraining = false;
  /** What becomes a session at the moment. */
  let accepting: { readonly socket: Socket; readonly caller: Caller; readonly onBegun: () => void } | undefined;

  return {
    accept(socket, head, caller, onBegun) {
      if (isBun) {
        // Bun's HTTP/2 does not look for what a paused socket has received, and misses the preface.
        socket.resume();
      } else {
        socket.pause();
      }
      socket.unshift(head);
      accepting = { socket, caller, onBegun };
      http2.emit("connection", socket);
    },
    acceptHttp1: http1.accept,
    drain() {
      isDraining = true;
      for (const session of sessions.keys()) {
        drain(session);
      }
      http1.drain();
    },
  };
}

const isBun = "bun" in process.versions;

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

/** nghttp2's errors from here on downwards are fatal: its session must not be used any more. */
const firstFatalErrno = -900;

/**
 * Has Node.js destroy a session in the next turn, when it is not about to read what comes after. Some versions (22.23.3, and 26
 * up to 26.9) would end the process by abort() if that is a call: nodejs/node#64850. A peer can have a session destroyed while it
 * is read: by GOAWAY with an error, or by the answer to a PING that was never sent.
 */
function destroyBetweenReads(session: ServerHttp2Session): void {
  const destroy = session.destroy.bind(session);
  session.destroy = (error?: Error & { errno?: number }, code?: number) => {
    if ((error?.errno ?? 0) <= firstFatalErrno) {
      destroy(error, code); // it reads nothing more, and must not
    } else {
      setImmediate(destroy, error, code);
    }
  };
}

/**
 * Ends a session whose peer has begun a field block and does not finish it, which Node.js does not show. Within a block nothing else may
 * come (RFC 9113 §6.10), not even the answer to a PING: so a peer without a call that has said something since the last look is asked.
 */
function endStuckBeginnings(session: ServerHttp2Session, socket: Socket, timeoutMs: number): void {
  if (timeoutMs > maxTimerMs) {
    return;
  }
  let openStreams = 0;
  let heardBytes = 0;
  let isAsking = false;
  session.on("stream", (stream) => {
    openStreams++;
    stream.once("close", () => openStreams--);
  });
  const look = () => {
    if (session.destroyed || openStreams > 0) {
      isAsking = false;
    } else if (isAsking) {
      session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    } else if (socket.bytesRead !== heardBytes) {
      isAsking = session.ping(() => {
        isAsking = false;
        heardBytes = socket.bytesRead;
      });
    }
  };
  // If this process was busy meanwhile, the answer may lie there unread: the next turn reads it.
  const timer = setInterval(() => setImmediate(look), timeoutMs).unref();
  session.once("close", () => clearInterval(timer));
}

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
