import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { Code, ConnectError, type ContextValues, createContextValues } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { ErrorCode } from "@vyra/http2";
import {
  abortableIterable,
  inTurns,
  isHttpField,
  parseTimeout,
  percentDecoded,
  percentEncoded,
  startDeadline,
  timeoutHeader,
  valuesOf,
} from "../grpc/index.js";
import { setImmediate } from "../real-timers.js";
import { type Caller, contextValuesFor } from "./caller.js";
import { ConnectHeaders, isStatusKnown } from "./connect-headers.js";
import { discountAnswer, inRoom } from "./http1-answer.js";
import { Http1Body } from "./http1-body.js";
import type { Http1Connection } from "./http1-memory.js";
import { longTimeouts } from "./long-timeouts.js";
import { nameOf, type OnError } from "./on-error.js";
import type { Handler, Handlers } from "./routes.js";
import { hasBegun } from "./sendable.js";
import { formOf, hasOneRequest, wholeMessages, withoutLength } from "./whole-messages.js";

type NodeRequest = Parameters<typeof universalRequestFromNodeRequest>[0];
type NodeResponse = Parameters<typeof universalResponseToNodeResponse>[1];

/**
 * Answers a request of `node:http` or `node:http2`. Returns whether the whole request may be expected soon, or only as its messages come.
 */
export type NodeHandler = (
  req: NodeRequest,
  res: NodeResponse,
  caller: Caller | undefined,
  connection?: Http1Connection,
) => "whole request" | "stream";

/**
 * Bridges the requests of Node.js' own HTTP to Connect's handlers, and mends what their adapter leaves open.
 *
 * @param maxTimeoutMs the longest time limit that the handlers let a caller ask for
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
      // Before that, nobody but the peer can have been at fault.
      if (hasBegun(values) && !res.closed && !isPeerGone(error)) {
        onError(error, { method: nameOf(handler.method) });
      }
      answerAccident(req, res);
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
    mendAuthority(req);
    letGoOfRequest(res);
    mendFields(res, () => !hasBegun(values) && wasUnreadable(req, maxTimeoutMs));
    const contentType = req.headers["content-type"] ?? "";
    const headers = isStatusKnown(contentType) ? mayOpenEarly(res, values) : undefined;
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
      discountAnswer(res as ServerResponse, contentType, connection.account);
      response = await inRoom(response, contentType, connection);
    }
    await universalResponseToNodeResponse(endedWith(res, response), res);
  }
}

/** The answer of a call that came to nothing by accident: without one its caller would wait for ever. */
function answerAccident(req: NodeRequest, res: NodeResponse): void {
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
  } else if (grpcType.test(req.headers["content-type"] ?? "")) {
    respondTrailersOnly(res.stream, Code.Internal, "internal error");
  } else {
    res.writeHead(500);
    res.end();
  }
}

/** Whether the stream of HTTP/2 is closed, with its connection perhaps, which the response is told of only later. */
function isStreamGone(res: NodeResponse): boolean {
  if (!("stream" in res)) {
    return false;
  }
  const stream = res.stream as ServerHttp2Stream | undefined;
  return stream === undefined || stream.closed || stream.destroyed;
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
        stream.close(ErrorCode.NO_ERROR);
      }
    });
  });
}

/**
 * The same for HTTP/1.1, where the next request comes after the rest of this one. connect-node destroys a request that it
 * does not read to its end (one that is too large), Node.js then reads no more from the connection, and the next request
 * waits until the connection is given up. So it is not destroyed; what is left of it is dropped after the answer.
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
  return { ...response, body: inTurns(iterator) };
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

/** gRPC itself, and not gRPC-Web, whose clients know from a 404 what it means. */
const grpcType = /^application\/grpc(?:\+|;|$)/;

function answerUnknown(req: NodeRequest, res: NodeResponse): void {
  if (isStreamGone(res)) {
    return;
  }
  if ("stream" in res && grpcType.test(req.headers["content-type"] ?? "")) {
    respondTrailersOnly(res.stream, Code.Unimplemented, `unknown method ${pathOf(req)}`);
    return;
  }
  res.writeHead(404);
  res.end();
}

/** "Trailers-Only": the status counts as a trailer only in a HEADERS frame that ends the stream. */
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
 * What connect-node sends in a form that not every gRPC library reads, joined binary values and an over-encoded message; what Node.js
 * would not send, and end the process for; and the code of a request that could not be read.
 */
function mendFields(res: NodeResponse, isUnreadable: () => boolean): void {
  const { writeHead, addTrailers } = res;
  const isHttp2 = "stream" in res;
  res.writeHead = ((status: number, fields: Fields) =>
    writeHead.call(res, status, mended(fields, isHttp2) as never)) as never;
  if (isHttp2) {
    res.addTrailers = (fields) => {
      const own = fields as Fields;
      if (own["grpc-status"] === String(Code.InvalidArgument) && isUnreadable()) {
        own["grpc-status"] = String(Code.Internal);
      }
      addTrailers.call(res, mended(own, true) as never);
    };
  }
}

/** The headers may leave before the first message, for a caller who waits for them. connect-node sends them only with it. */
function mayOpenEarly(res: NodeResponse, values: ContextValues): ConnectHeaders {
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

function mended(fields: Fields | undefined, isHttp2: boolean): Fields | undefined {
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (fields === undefined) {
      break;
    }
    // Connect's handlers say "connection: close" where HTTP/1.1 cannot carry a call.
    if (isHttpField(name) && (isHttp2 || name !== "connection" || value !== "close")) {
      delete fields[name];
    } else if (typeof value === "string") {
      // grpc-js decodes what decodeURI() does, and not the "%3A" of encodeURIComponent().
      fields[name] = name === "grpc-message" ? percentEncoded(percentDecoded(value)) : valuesOf(name, value);
    }
  }
  return fields;
}

/**
 * Whether Connect's InvalidArgument can only mean that the request was malformed, which is Internal in gRPC; for time limits that
 * are none, or too long, it stays as it is. (What is malformed in protobuf is Internal in Connect as well; JSON is not.)
 */
function wasUnreadable(req: NodeRequest, maxTimeoutMs = Number.POSITIVE_INFINITY): boolean {
  const timeout = fieldOf(req, timeoutHeader);
  const timeoutMs = timeout === undefined ? 0 : parseTimeout(timeout);
  const isTimeoutGood = timeoutMs !== undefined && timeoutMs <= maxTimeoutMs;
  return isTimeoutGood && grpcType.test(req.headers["content-type"] ?? "");
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
