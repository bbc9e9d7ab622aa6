import {
  type ContextValues,
  createContextValues,
  type StreamRequest,
  type StreamResponse,
  type Transport,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { runStreamingCall } from "@connectrpc/connect/protocol";
import { contentTypeOf, fieldsOf, formatTimeout, headersOf, parseTimeout, timeoutHeader } from "../../../grpc/index.js";
import { type DeadlineOptions, deadline, timeoutPolicy } from "../../../interceptors/deadline.js";
import { completed } from "../../../protobuf/codec.js";
import { maxTimerMs } from "../../../time/real-timers.js";
import { deadlineExceeded, remainingMs } from "../../../time/signal-deadline.js";
import { conforming } from "../../../user-code/iterators.js";
import { allowManyListeners } from "../../../user-code/shared-signal.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import { requestError } from "./call.js";
import { type CallSpec, ownTimeout, positiveTimeout, waitsForReady } from "./call-spec.js";
import type { Core } from "./core.js";
import { InterceptedUnaryCall } from "./intercepted-unary-call.js";
import type { Method } from "./method.js";
import { type ResponseFields, type StreamSource, streamResponse } from "./response.js";
import { startStream, startUnary } from "./start.js";

type HeadersInit = ConstructorParameters<typeof Headers>[0];

/**
 * Creates the functions for calls through interceptors, which see requests and responses as Connect's. Each attempt is
 * a call of its own.
 */
export function interceptedCalls(core: Core, limits: DeadlineOptions | undefined): Transport {
  const { interceptors } = core.options;
  const streamInterceptors = limits === undefined ? [...interceptors] : [deadline(limits), ...interceptors];
  const timeoutFor = limits === undefined ? ownTimeout : timeoutPolicy(limits);

  return {
    unary: ((desc, signal, timeoutMs, header, input, contextValues) =>
      new Promise((resolve, reject) => {
        try {
          const method = core.methodOf(desc);
          const call = new InterceptedUnaryCall(signal, timeoutFor(desc, positiveTimeout(timeoutMs)));
          const request = requestOf(method, timeoutMs, header, contextValues);
          const message = completed(desc.input, input);
          const next = (attempt: UnaryRequest) => attemptUnary(core, method, attempt);
          resolve(call.run(interceptors, next, { stream: false, method: desc, message, ...request }) as never);
        } catch (error) {
          reject(requestError(error));
        }
      })) as Transport["unary"],
    stream: ((desc, signal, timeoutMs, header, input, contextValues) =>
      new Promise((resolve, reject) => {
        try {
          if (signal !== undefined) {
            allowManyListeners(signal);
          }
          const method = core.methodOf(desc);
          const request = requestOf(method, timeoutMs, header, contextValues);
          const call = runStreamingCall({
            interceptors: streamInterceptors,
            ...timerLimit(timeoutMs),
            ...(signal && { signal }),
            req: { stream: true, method: desc, message: conforming(input), ...request },
            next: (attempt) => attemptStream(core, method, attempt) as never,
          });
          call.then(resolve, (error) => reject(connectErrorFrom(error)));
        } catch (error) {
          reject(requestError(error));
        }
      })) as Transport["stream"],
  };
}

function requestOf(
  method: Method,
  timeoutMs: number | undefined,
  header: HeadersInit | undefined,
  contextValues: ContextValues = createContextValues(),
) {
  const headers = new Headers(header);
  headers.set("content-type", contentTypeOf(method.isBinary));
  headers.set("te", "trailers");
  const own = ownTimeout(method.desc, positiveTimeout(timeoutMs));
  if (own !== undefined) {
    headers.set(timeoutHeader, formatTimeout(own));
  }
  return {
    service: method.desc.parent,
    requestMethod: "POST",
    url: `http://localhost${method.path}`,
    header: headers,
    contextValues,
  };
}

/**
 * Returns the timeout for Connect's own timer, which is `setTimeout`. Longer timeouts than that takes are left to the
 * server, which gets them as `grpc-timeout`.
 */
function timerLimit(timeoutMs: number | undefined): { timeoutMs?: number } {
  const own = positiveTimeout(timeoutMs);
  return own === undefined || own > maxTimerMs ? {} : { timeoutMs: own };
}

/** Makes one attempt. The response has all its properties as its own, as interceptors need. */
function attemptUnary(core: Core, method: Method, request: UnaryRequest): Promise<UnaryResponse> {
  return new Promise((resolve, reject) => {
    const onResponse = (message: unknown, fields: ResponseFields) =>
      resolve({
        stream: false,
        service: request.method.parent,
        method: request.method,
        message,
        header: headersOf(fields.headerFields, fields.headerExtra),
        trailer: headersOf(fields.trailerFields, fields.trailerExtra),
      } as UnaryResponse);
    try {
      startUnary(core, specOf(core, method, request), request.message, onResponse, reject);
    } catch (error) {
      reject(requestError(error));
    }
  });
}

function attemptStream(core: Core, method: Method, request: StreamRequest): Promise<StreamResponse> {
  return new Promise((resolve, reject) => {
    try {
      const onOpen = (call: StreamSource) => resolve(streamResponse(request.method, call));
      startStream(core, specOf(core, method, request), request.message, onOpen, reject);
    } catch (error) {
      reject(requestError(error));
    }
  });
}

/** Creates the description of one attempt. @throws {ConnectError} DeadlineExceeded if no time is left */
function specOf(core: Core, method: Method, request: UnaryRequest | StreamRequest): CallSpec {
  const { signal, header, contextValues } = request;
  const leftMs = remainingMs(signal);
  if (leftMs !== undefined && leftMs <= 0) {
    throw deadlineExceeded("deadline", 0);
  }
  return {
    method,
    signal,
    timeoutMs: undefined,
    // If the signal has no deadline, an interceptor may have set a timeout for the server alone.
    signalTimeoutMs: Number.isNaN(leftMs) ? undefined : (leftMs ?? parseTimeout(header.get(timeoutHeader) ?? "")),
    metadata: fieldsOf(header),
    waitForReady: waitsForReady(contextValues, core.options.waitForReady),
  };
}
