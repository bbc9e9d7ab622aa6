import type { DescMethod } from "@bufbuild/protobuf";
import type { CallOptions, Transport } from "@connectrpc/connect";
import { FieldHeaders, fieldsOf, headersOf, listOf } from "../../../grpc/index.js";
import { type DeadlineOptions, timeoutPolicy } from "../../../interceptors/deadline.js";
import { CallScope } from "../../../user-code/call-scope.js";
import type { EngineTransport } from "../../options.js";
import { requestError } from "./call.js";
import { type CallSpec, ownTimeout, positiveTimeout, waitsForReady } from "./call-spec.js";
import type { Core } from "./core.js";
import type { HeadersInit } from "./intercepted-spec.js";
import { LazyUnaryResponse, type ResponseFields, streamResponse } from "./response.js";
import { startStream, startUnary } from "./start.js";
import type { OnResponse } from "./unary-call.js";

/**
 * Creates the functions for calls without interceptors, which go straight from their arguments to the wire, without a
 * request object, `Headers` or a signal.
 */
export function plainCalls(
  core: Core,
  limits: DeadlineOptions | undefined,
): Required<Pick<EngineTransport, "unary" | "stream" | "message">> {
  const timeoutFor = limits === undefined ? ownTimeout : timeoutPolicy(limits);
  const idleMs = limits?.streamIdleMs === Number.POSITIVE_INFINITY ? undefined : limits?.streamIdleMs;
  const specOf = (desc: DescMethod, { signal, timeoutMs, headers, contextValues }: CallOptions): CallSpec => ({
    method: core.methodOf(desc),
    signal,
    timeoutMs: timeoutFor(desc, positiveTimeout(timeoutMs)),
    signalTimeoutMs: undefined,
    metadata: headers === undefined ? noMetadata : metadataOf(headers),
    idleMs,
    waitForReady: waitsForReady(contextValues, core.options.waitForReady),
    observer: undefined,
  });

  return {
    unary: ((desc, signal, timeoutMs, headers, input, contextValues) =>
      new Promise((resolve, reject) => {
        try {
          const spec = specOf(desc, { signal, timeoutMs, headers, contextValues } as CallOptions);
          const onResponse: OnResponse = (message, fields) =>
            resolve(new LazyUnaryResponse(desc, message as never, fields));
          startUnary(core, spec, input, onResponse, reject);
        } catch (error) {
          reject(requestError(error));
        }
      })) as Transport["unary"],
    stream: ((desc, signal, timeoutMs, headers, input, contextValues) =>
      new Promise((resolve, reject) => {
        try {
          const spec = specOf(desc, { signal, timeoutMs, headers, contextValues } as CallOptions);
          startStream(core, spec, input, (call) => resolve(streamResponse(desc, call) as never), reject);
        } catch (error) {
          reject(requestError(error));
        }
      })) as Transport["stream"],
    message: ((desc, input, given) =>
      new Promise((resolve, reject) => {
        try {
          const options = given ?? noOptions; // programs without types may give null
          startUnary(core, specOf(desc, options), input, onMessage(options, resolve, reject), reject);
        } catch (error) {
          reject(requestError(error));
        }
      })) as Required<EngineTransport>["message"],
  };
}

function metadataOf(headers: HeadersInit): readonly string[] {
  return fieldsOf(new FieldHeaders(noMetadata, listOf(headers)));
}

/** Returns the function that hands over the message, after the metadata that the caller wants to see. */
function onMessage(
  { onHeader, onTrailer }: CallOptions,
  resolve: (message: never) => void,
  reject: (error: unknown) => void,
): OnResponse {
  if (onHeader === undefined && onTrailer === undefined) {
    return resolve as (message: unknown) => void;
  }
  const scope = new CallScope();
  return (message: unknown, fields: ResponseFields) => {
    try {
      scope.runInAsyncScope(() => {
        onHeader?.(headersOf(fields.headerFields, fields.headerExtra));
        onTrailer?.(headersOf(fields.trailerFields, fields.trailerExtra));
      });
      resolve(message as never);
    } catch (error) {
      reject(error); // the caller's own function has thrown it
    }
  };
}

const noOptions: CallOptions = {};
const noMetadata: readonly string[] = [];
