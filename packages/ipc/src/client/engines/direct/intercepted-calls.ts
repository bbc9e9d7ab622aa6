import type {
  CallOptions,
  Interceptor,
  StreamRequest,
  StreamResponse,
  Transport,
  UnaryResponse,
} from "@connectrpc/connect";
import { runStreamingCall } from "@connectrpc/connect/protocol";
import { withValue } from "../../../interceptors/context-value.js";
import { type DeadlineOptions, deadline, timeoutPolicy } from "../../../interceptors/deadline.js";
import { withGuardedSignal } from "../../../interceptors/request.js";
import { targetKey } from "../../../interceptors/target.js";
import { maxTimerMs } from "../../../time/real-timers.js";
import { CallScope } from "../../../user-code/call-scope.js";
import { conforming } from "../../../user-code/iterators.js";
import { allowManyListeners } from "../../../user-code/shared-signal.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import type { EngineTransport } from "../../options.js";
import { requestError } from "./call.js";
import { ownTimeout, positiveTimeout } from "./call-spec.js";
import type { Core } from "./core.js";
import { interceptedSpec, requestHeader } from "./intercepted-spec.js";
import { InterceptedUnaryCall } from "./intercepted-unary-call.js";
import type { Method } from "./method.js";
import { type StreamSource, streamResponse } from "./response.js";
import { startStream } from "./start.js";

/**
 * Creates the functions for calls through interceptors, which see requests and responses as Connect's. Each attempt is
 * a call of its own.
 */
export function interceptedCalls(
  core: Core,
  limits: DeadlineOptions | undefined,
): Required<Pick<EngineTransport, "unary" | "stream" | "message">> {
  const { interceptors } = core.options;
  const inner = [guardSignal, ...interceptors];
  const streamInterceptors = limits === undefined ? inner : [deadline(limits), ...inner];
  const timeoutFor = limits === undefined ? ownTimeout : timeoutPolicy(limits);

  return {
    unary: ((desc, signal, timeoutMs, headers, input, contextValues) =>
      new Promise((resolve, reject) => {
        try {
          const own = { signal, timeoutMs: timeoutFor(desc, positiveTimeout(timeoutMs)) };
          const call = new InterceptedUnaryCall(core, core.methodOf(desc), own, resolve as never, reject);
          call.run(input, headers, contextValues);
        } catch (error) {
          reject(requestError(error));
        }
      })) as Transport["unary"],
    message: ((desc, input, given) =>
      new Promise((resolve, reject) => {
        try {
          const options = given ?? noOptions; // programs without types may give null
          const { signal, timeoutMs, headers, contextValues } = options;
          const own = { signal, timeoutMs: timeoutFor(desc, positiveTimeout(timeoutMs)) };
          const onResponse = onMessage(options, resolve as never, reject);
          new InterceptedUnaryCall(core, core.methodOf(desc), own, onResponse, reject).run(
            input,
            headers,
            contextValues,
          );
        } catch (error) {
          reject(requestError(error));
        }
      })) as Required<EngineTransport>["message"],
    stream: ((desc, signal, timeoutMs, headers, input, contextValues) =>
      new Promise((resolve, reject) => {
        try {
          if (signal !== undefined) {
            allowManyListeners(signal);
          }
          const method = core.methodOf(desc);
          const known = method.requestFields(ownTimeout(desc, positiveTimeout(timeoutMs)));
          const call = runStreamingCall({
            interceptors: streamInterceptors,
            ...timerLimit(timeoutMs),
            ...(signal && { signal }),
            req: {
              ...method.requestKind,
              message: conforming(input),
              header: requestHeader(known, headers),
              contextValues: withValue(contextValues, targetKey, core.address.address),
            } as unknown as StreamRequest,
            next: (attempt) => attemptStream(core, method, attempt, known) as never,
          });
          call.then(resolve as never, (error) => reject(connectErrorFrom(error)));
        } catch (error) {
          reject(requestError(error));
        }
      })) as Transport["stream"],
  };
}

/** Returns the function that hands over a response's message, after the metadata that the caller wants to see. */
function onMessage(
  { onHeader, onTrailer }: CallOptions,
  resolve: (message: unknown) => void,
  reject: (error: unknown) => void,
): (res: UnaryResponse) => void {
  const scope = onHeader === undefined && onTrailer === undefined ? undefined : new CallScope();
  return (res) => {
    try {
      scope?.runInAsyncScope(() => {
        onHeader?.(res.header);
        onTrailer?.(res.trailer);
      });
      resolve(res.message);
    } catch (error) {
      reject(error); // The caller's own function has thrown it, or a response that an interceptor has replaced.
    }
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

/** The interceptor between Connect's signal and users' code. */
const guardSignal: Interceptor = (next) => (req) => next(withGuardedSignal(req));

function attemptStream(
  core: Core,
  method: Method,
  request: StreamRequest,
  fields: readonly string[],
): Promise<StreamResponse> {
  return new Promise((resolve, reject) => {
    try {
      const onOpen = (call: StreamSource) => resolve(streamResponse(request.method, call));
      const spec = interceptedSpec(core, method, request, { fields, timeoutMs: undefined, whole: undefined });
      startStream(core, spec, request.message, onOpen, reject);
    } catch (error) {
      reject(requestError(error));
    }
  });
}

const noOptions: CallOptions = {};
