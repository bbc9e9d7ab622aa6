/**
 * This file runs calls with Connect's own handlers, for HTTP/1.1, the Connect and gRPC-Web protocols, and all calls of
 * engine `"node"`. It connects the HTTP modules of Node.js with the handlers, and corrects what the handlers and their
 * adapters do differently from the engine `"direct"`.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { Code, ConnectError, type ContextValues, createContextValues } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { ErrorCode } from "@vyra/http2";
import {
  grpcFormat,
  isHttpField,
  methodName,
  parseTimeout,
  percentDecoded,
  percentEncoded,
  timeoutHeader,
  valuesOf,
} from "../../../grpc/index.js";
import { inTurns } from "../../../messages/turns.js";
import { abortableIterable } from "../../../time/abortable.js";
import { setImmediate } from "../../../time/real-timers.js";
import { startDeadline } from "../../../time/signal-deadline.js";
import { type Caller, contextValuesFor } from "../../caller.js";
import type { OnError } from "../../on-error.js";
import type { Handler, Handlers } from "../routes.js";
import { ConnectHeaders, isStatusKnown } from "./headers.js";
import { limitResponse, releaseWhenSent } from "./http1-answer.js";
import { Http1Body } from "./http1-body.js";
import type { Http1Connection } from "./http1-memory.js";
import { longTimeouts } from "./long-timeouts.js";
import { hasBegun } from "./sendable.js";
import { formOf, hasOneRequest, wholeMessages, withoutLength } from "./whole-messages.js";

type NodeRequest = Parameters<typeof universalRequestFromNodeRequest>[0];
type NodeResponse = Parameters<typeof universalResponseToNodeResponse>[1];

/**
 * Answers a request of `node:http` or `node:http2`. Returns whether the whole request can be expected soon, or only
 * message by message.
 */
export type NodeHandler = (
  req: NodeRequest,
  res: NodeResponse,
  caller: Caller | undefined,
  connection?: Http1Connection,
) => "whole request" | "stream";

/**
 * Creates the bridge from the requests of Node.js' own HTTP to Connect's handlers, with corrections of their adapter.
 *
 * @param maxTimeoutMs the longest timeout that the handlers accept from a caller, in milliseconds
 */
export function createNodeHandler(handlers: Handlers, onError: OnError, maxTimeoutMs?: number): NodeHandler {
  return function handle(req, res, caller, connection) {
    const handler = handlers.get(pathOf(req));
    if (handler === undefined) {
      answerUnknown(req, res);
      return "whole request";
    }
    const values = caller === undefined ? createContextValues() : contextValuesFor(caller);
    answer(handler, req, res, values, connection).catch((error: unknown) => {
      // Errors before the call has begun can only be the peer's fault.
      if (hasBegun(values) && !res.closed && !isPeerGone(error)) {
        onError(error, { method: methodName(handler.method) });
      }
      answerUnexpectedError(req, res);
    });
    return hasOneRequest(handler.method) ? "whole request" : "stream";
  };

  async function answer(
    handler: Handler,
    req: NodeRequest,
    res: NodeResponse,
    values: ContextValues,
    connection: Http1Connection | undefined,
  ) {
    replaceInvalidAuthority(req);
    resetUnreadRequest(res);
    correctFields(res, () => !hasBegun(values) && wasUnreadable(req, maxTimeoutMs));
    const contentType = req.headers["content-type"] ?? "";
    const headers = isStatusKnown(contentType) ? allowEarlyHeaders(res, values) : undefined;
    const timeoutMs = timeoutOf(req);
    for (const [name, value] of longTimeouts((name) => fieldOf(req, name), maxTimeoutMs)) {
      req.headers[name] = value;
    }
    const request = universalRequestFromNodeRequest(req, res, undefined, values);
    withoutLength(request.header, handler);
    if (isBytes(request.body)) {
      const bytes =
        "stream" in req || connection === undefined ? request.body : untilAnswered(req, res, handler, connection);
      const whole = wholeMessages(bytes, contentType, headers);
      request.body = bodyOf(whole, request.signal, timeoutMs, res);
    }
    let response = await handler(request);
    if (connection !== undefined) {
      releaseWhenSent(res as ServerResponse, contentType, connection.account);
      response = await limitResponse(response, contentType, connection);
    }
    await universalResponseToNodeResponse(endedWith(res, response), res);
  }
}

/** Answers a call that failed unexpectedly, since its caller would otherwise wait for ever. */
function answerUnexpectedError(req: NodeRequest, res: NodeResponse): void {
  if (res.closed || res.writableEnded || isStreamGone(res)) {
    return;
  }
  if (!("stream" in res)) {
    if (res.headersSent) {
      res.destroy();
    } else {
      res.writeHead(500);
      res.end();
    }
  } else if (res.headersSent) {
    res.stream.close(ErrorCode.INTERNAL_ERROR);
  } else if (grpcFormat(req.headers["content-type"]) !== undefined) {
    respondTrailersOnly(res.stream, Code.Internal, "internal error");
  } else {
    res.writeHead(500);
    res.end();
  }
}

/**
 * Tells whether the HTTP/2 stream is closed, perhaps with its connection, which the response object learns only later.
 */
function isStreamGone(res: NodeResponse): boolean {
  if (!("stream" in res)) {
    return false;
  }
  const stream = res.stream as ServerHttp2Stream | undefined;
  return stream === undefined || stream.closed || stream.destroyed;
}

/**
 * Resets the stream after the response if the request has not been read to its end: RST_STREAM with NO_ERROR asks the
 * peer to stop sending, RFC 9113 §8.1. Otherwise the stream would stay open for as long as the peer likes.
 */
function resetUnreadRequest(res: NodeResponse): void {
  const stream = "stream" in res ? res.stream : undefined;
  // The trailers are written last; in the next turn they have been handed to the socket.
  stream?.once("wantTrailers", () => {
    setImmediate(() => {
      if (!stream.destroyed && !stream.readableEnded) {
        stream.close(ErrorCode.NO_ERROR);
      }
    });
  });
}

/**
 * Drops the rest of an HTTP/1.1 request after the response, since the next request comes after it. connect-node
 * destroys a request that it does not read to its end, such as one that is too large. Node.js then reads no more from
 * the connection, and the next request waits until the connection is given up.
 */
function untilAnswered(
  req: IncomingMessage,
  res: NodeResponse,
  handler: Handler,
  connection: Http1Connection,
): AsyncIterable<Uint8Array> {
  const body = new Http1Body(
    connection,
    req,
    formOf(handler, (name) => fieldOf(req, name)),
  );
  const end = () => body.end(new Error("the call is over"));
  res.once("finish", end);
  res.once("close", end);
  return body.inbox.bytes;
}

/**
 * Returns the request's bytes, which end with the call. Otherwise a caller that stops within a message would keep the
 * call open past its deadline, and one that vanishes would look like a fault of the handler.
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
 * Ends the response when its stream is closed. connect-node waits for "drain" before it writes on, which never comes on
 * a closed stream, so the call's timers and its handler would live on.
 */
function endedWith(res: NodeResponse, response: UniversalServerResponse): UniversalServerResponse {
  const iterator = response.body?.[Symbol.asyncIterator]();
  if (iterator === undefined) {
    return response;
  }
  res.once("close", () => iterator.return?.().catch(() => {}));
  return { ...response, body: inTurns(iterator) };
}

function pathOf(req: NodeRequest): string {
  const url = req.url ?? "";
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

/**
 * Replaces an authority from which no URL can be made. gRPC peers send the socket's path as `:authority`,
 * percent-encoded (`%2Ftmp%2Fs.sock`), and connect-node throws when it makes a URL of it. The authority has no other
 * use here.
 */
function replaceInvalidAuthority(req: NodeRequest): void {
  const authority = req.headers[":authority"] ?? req.headers.host;
  if (authority === undefined || !URL.canParse(`http://${authority}`)) {
    req.headers[":authority"] &&= "localhost";
    req.headers.host = "localhost";
  }
}

function answerUnknown(req: NodeRequest, res: NodeResponse): void {
  if (isStreamGone(res)) {
    return;
  }
  if ("stream" in res && grpcFormat(req.headers["content-type"]) !== undefined) {
    respondTrailersOnly(res.stream, Code.Unimplemented, `unknown method ${pathOf(req)}`);
    return;
  }
  res.writeHead(404);
  res.end();
}

/** Sends a Trailers-Only response: the status counts as a trailer only in a HEADERS frame that ends the stream. */
function respondTrailersOnly(stream: ServerHttp2Stream, code: Code, message: string): void {
  const fields = {
    ":status": 200,
    "content-type": "application/grpc",
    "grpc-status": String(code),
    "grpc-message": percentEncoded(message),
  };
  stream.respond(fields, { endStream: true });
}

/**
 * Corrects the fields of a response: values that connect-node sends in a form that not every gRPC library reads (joined
 * binary values, an over-encoded message), fields that Node.js refuses by throwing, which would end the process, and
 * the status of a request that could not be read.
 */
function correctFields(res: NodeResponse, isUnreadable: () => boolean): void {
  const { writeHead, addTrailers } = res;
  const isHttp2 = "stream" in res;
  res.writeHead = ((status: number, fields: Fields) =>
    writeHead.call(res, status, corrected(fields, isHttp2) as never)) as never;
  if (isHttp2) {
    res.addTrailers = (fields) => {
      const own = fields as Fields;
      if (own["grpc-status"] === String(Code.InvalidArgument) && isUnreadable()) {
        own["grpc-status"] = String(Code.Internal);
      }
      addTrailers.call(res, corrected(own, true) as never);
    };
  }
}

/**
 * Allows the headers to be sent before the first message, for a caller that waits for them; connect-node sends them
 * only with that message.
 */
function allowEarlyHeaders(res: NodeResponse, values: ContextValues): ConnectHeaders {
  const writeHead = res.writeHead.bind(res) as (status: number, fields: Fields) => NodeResponse;
  const headers = new ConnectHeaders(values, (early) => {
    writeHead(200, Object.fromEntries(early));
    if (!("stream" in res)) {
      res.flushHeaders();
    }
  });
  res.once("close", () => headers.close());
  res.writeHead = ((status: number, fields: Fields) =>
    headers.leave() ? res : writeHead(status, fields)) as typeof res.writeHead;
  return headers;
}

type Fields = Record<string, string | string[] | undefined>;

function corrected(fields: Fields | undefined, isHttp2: boolean): Fields | undefined {
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (fields === undefined) {
      break;
    }
    // Connect's handlers send "connection: close" if HTTP/1.1 cannot carry a call.
    if (isHttpField(name) && (isHttp2 || name !== "connection" || value !== "close")) {
      delete fields[name];
    } else if (typeof value === "string") {
      // grpc-js decodes with decodeURI(), which leaves the "%3A" of encodeURIComponent() as it is.
      fields[name] = name === "grpc-message" ? percentEncoded(percentDecoded(value)) : valuesOf(name, value);
    }
  }
  return fields;
}

/**
 * Tells whether Connect's InvalidArgument must mean that the request was malformed, which is Internal in gRPC. It keeps
 * its code for invalid timeouts and those that are too long. (Malformed protobuf is Internal in Connect as well;
 * malformed JSON is not.)
 */
function wasUnreadable(req: NodeRequest, maxTimeoutMs = Number.POSITIVE_INFINITY): boolean {
  const timeout = fieldOf(req, timeoutHeader);
  const timeoutMs = timeout === undefined ? 0 : parseTimeout(timeout);
  const isTimeoutGood = timeoutMs !== undefined && timeoutMs <= maxTimeoutMs;
  return isTimeoutGood && grpcFormat(req.headers["content-type"]) !== undefined;
}

function fieldOf(req: NodeRequest, name: string): string | undefined {
  const value = req.headers[name];
  return typeof value === "string" ? value : undefined;
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
