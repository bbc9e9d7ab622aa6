import { constants, createServer, type ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { SharedAccount } from "@vyra/http2";
import {
  clearInterval,
  clearTimeout,
  maxTimerMs,
  setImmediate,
  setInterval,
  setTimeout,
} from "../../../time/real-timers.js";
import type { Caller } from "../../caller.js";
import { createNodeHandler } from "../connect/handler.js";
import { createHttp1 } from "../connect/http1.js";
import type { EngineOptions, ServerEngine } from "../engine.js";
import { outermost } from "../outermost-interceptor.js";

/** The largest stream id, which GOAWAY announces in its first step, RFC 9113 §6.8. */
const lastStreamId = 2 ** 31 - 1;

/**
 * Creates the reference engine, `"node"`: connect-node's handlers over `node:http2` and `node:http`. It has this one
 * file; corrections of Connect stand in `../connect`.
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
      endUnfinishedFieldBlocks(session, accepting.socket, handshakeTimeoutMs);
    }
    if (isDraining) {
      drain(session);
    }
    session.once("close", () => sessions.delete(session));
    session.on("error", () => {}); // a broken peer; "close" follows
  });
  let isDraining = false;
  /** The connection that is being turned into a session. */
  let accepting: { readonly socket: Socket; readonly caller: Caller; readonly onBegun: () => void } | undefined;

  return {
    accept(socket, head, caller, onBegun) {
      if (isBun) {
        // Bun's HTTP/2 does not read what a paused socket has received, and so misses the preface.
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
    // This is how much a fast reader lets a writer have in transit. The 64 KiB of RFC 9113 §6.5.2 would make every
    // larger message wait for a round trip.
    initialWindowSize: 1024 * 1024,
    maxConcurrentStreams: 100_000,
  },
  // In MB. Node.js ends a connection whose buffers, including messages being read, grow beyond its default of 10.
  maxSessionMemory: 1_024,
  // A local client that cancels many calls at the same moment is not an attacker (CVE-2023-44487). The limits are per
  // second and at once.
  streamResetRate: 5_000,
  streamResetBurst: 20_000,
};

/** nghttp2's errors from this number downwards are fatal: the session must not be used any more. */
const firstFatalErrno = -900;

/**
 * Makes Node.js destroy a session in the next turn, not while it reads. Some versions (22.23.3, and 26 up to 26.9)
 * would end the process by abort() if the bytes that follow are a call: nodejs/node#64850. A peer can have a session
 * destroyed while it is read, by GOAWAY with an error or by the acknowledgement of a PING that was never sent.
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
 * Ends a session whose peer has begun a field block and does not finish it, which Node.js does not report. Nothing else
 * may be sent within a block (RFC 9113 §6.10), not even the acknowledgement of a PING. So a PING is sent to a peer
 * without calls from which bytes have arrived since the last check.
 */
function endUnfinishedFieldBlocks(session: ServerHttp2Session, socket: Socket, timeoutMs: number): void {
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
  // If this process was busy meanwhile, the acknowledgement may be unread; the next turn reads it.
  const timer = setInterval(() => setImmediate(look), timeoutMs).unref();
  session.once("close", () => clearInterval(timer));
}

/**
 * How long a peer may be silent, in milliseconds, before the server no longer waits for calls in transit. A round trip
 * takes microseconds.
 */
const roundTripMs = 50;

/**
 * Sends GOAWAY in two steps, RFC 9113 §6.8: the first still admits every call, and the acknowledgement of a PING shows
 * that no call is in transit any more. An idle client of Node.js does not acknowledge it, but sends GOAWAY itself and
 * leaves.
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
