import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ContextValues, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { methodName } from "../grpc/index.js";
import { type Abortable, LazySignal } from "../time/lazy-signal.js";
import { OwnSignal } from "../time/own-signal.js";
import { performance } from "../time/real-timers.js";
import { remainingMs } from "../time/signal-deadline.js";
import { logListenerError } from "../user-code/guarded-signal.js";

/**
 * The request that the direct engine passes to interceptors. It has the properties of Connect's requests as its own, so
 * that `{ ...req }` has them all, but its `signal` is created only when somebody reads it. An interceptor of this
 * package therefore neither reads `signal` nor spreads a request:
 *
 * - `derive(req, { header })` returns a request with other parts;
 * - `abortableOf(req)` tells whether the call is over, and calls back when it is.
 *
 * Both take requests of any origin.
 */
export type AnyRequest = UnaryRequest | StreamRequest;

/** The parts of a request that interceptors replace. */
export interface RequestParts<R extends AnyRequest> {
  readonly header?: Headers;
  readonly message?: R["message"];
  readonly contextValues?: ContextValues;
}

/** Returns a request with some parts replaced, like `{ ...req, ...parts }`. */
export function derive<R extends AnyRequest>(req: R, parts: RequestParts<R>): R {
  const signal = OwnSignal.sourceOf(req);
  if (signal === undefined) {
    return { ...req, ...parts };
  }
  const { message = req.message, header = req.header, contextValues = req.contextValues } = parts;
  return new CallRequest(signal, req, { message, header, contextValues }) as unknown as R;
}

/** Returns what tells when the call is over: the request's signal, or what it is created from. */
export function abortableOf(req: AnyRequest): Abortable {
  return OwnSignal.sourceOf(req) ?? req.signal;
}

/** What all requests for a method have in common. */
export interface RequestKind {
  readonly stream: boolean;
  readonly method: DescMethod;
  readonly service: DescService;
  readonly requestMethod: string;
  readonly url: string;
}

/** Returns what the requests for a method have in common. The host is a placeholder, as sockets have none. */
export function requestKindOf(desc: DescMethod): RequestKind {
  return {
    stream: desc.methodKind !== "unary",
    method: desc,
    service: desc.parent,
    requestMethod: "POST",
    url: `http://localhost/${methodName(desc)}`,
  };
}

/** What is different in each request. */
export interface OwnParts {
  readonly message: unknown;
  readonly header: Headers;
  readonly contextValues: ContextValues;
}

/** The request of a call in the direct engine. */
export class CallRequest extends OwnSignal {
  readonly stream: boolean;
  readonly method: DescMethod;
  readonly message: unknown;
  readonly service: DescService;
  readonly requestMethod: string;
  readonly url: string;
  readonly header: Headers;
  readonly contextValues: ContextValues;

  constructor(signal: LazySignal, kind: RequestKind, parts: OwnParts) {
    super(signal);
    this.stream = kind.stream;
    this.method = kind.method;
    this.message = parts.message;
    this.service = kind.service;
    this.requestMethod = kind.requestMethod;
    this.url = kind.url;
    this.header = parts.header;
    this.contextValues = parts.contextValues;
  }
}

/**
 * Returns a request whose signal follows that of `req` and may be given to users' code: what a listener throws is
 * passed to `onThrow`. It would end the process if the listener were added to a signal that Connect has created.
 */
export function withGuardedSignal<R extends AnyRequest>(
  req: R,
  contextValues: ContextValues = req.contextValues,
  onThrow: (error: unknown) => void = logListenerError,
): R {
  const { signal, message, header } = req;
  const guarded = new LazySignal(onThrow);
  const leftMs = remainingMs(signal);
  guarded.deadlineAt = leftMs === undefined ? undefined : performance.now() + leftMs;
  const follow = () => guarded.abort(signal.reason);
  if (signal.aborted) {
    follow();
  } else {
    signal.addEventListener("abort", follow, { once: true });
  }
  return new CallRequest(guarded, req, { message, header, contextValues }) as unknown as R;
}
