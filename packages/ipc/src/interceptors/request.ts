import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ContextValues, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import type { Abortable, LazySignal } from "../time/lazy-signal.js";

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
  return (CallRequest.derived(req, parts) as R | undefined) ?? { ...req, ...parts };
}

/** Returns what tells when the call is over: the request's signal, or what it is created from. */
export function abortableOf(req: AnyRequest): Abortable {
  return CallRequest.lazySignalOf(req) ?? req.signal;
}

/** What all requests for a method have in common. */
export interface RequestKind {
  readonly stream: boolean;
  readonly method: DescMethod;
  readonly service: DescService;
  readonly requestMethod: string;
  readonly url: string;
}

/** What is different in each request. */
export interface OwnParts {
  readonly message: unknown;
  readonly header: Headers;
  readonly contextValues: ContextValues;
}

export class CallRequest {
  /** Undefined if the property `signal` was assigned a value. */
  #signal: LazySignal | undefined;
  readonly stream: boolean;
  readonly method: DescMethod;
  readonly message: unknown;
  readonly service: DescService;
  readonly requestMethod: string;
  readonly url: string;
  readonly header: Headers;
  readonly contextValues: ContextValues;
  declare readonly signal: AbortSignal;

  constructor(signal: LazySignal, kind: RequestKind, parts: OwnParts) {
    this.#signal = signal;
    this.stream = kind.stream;
    this.method = kind.method;
    this.message = parts.message;
    this.service = kind.service;
    this.requestMethod = kind.requestMethod;
    this.url = kind.url;
    this.header = parts.header;
    this.contextValues = parts.contextValues;
    Object.defineProperty(this, "signal", CallRequest.#property);
  }

  /** The property `signal`. All objects share its functions, which V8 needs to keep them alike and fast. */
  static readonly #property = {
    enumerable: true,
    configurable: true,
    get(this: object): AbortSignal {
      let owner = this;
      while (!(#signal in owner)) {
        owner = Object.getPrototypeOf(owner); // an object that inherits from the request
      }
      return (owner.#signal as LazySignal).signal;
    },
    set(this: object, value: AbortSignal): void {
      if (#signal in this) {
        this.#signal = undefined;
      }
      Object.defineProperty(this, "signal", { value, enumerable: true, configurable: true, writable: true });
    },
  };

  /** Returns the source of a request's signal; undefined if the request or its signal is not of this class. */
  static lazySignalOf(req: object): LazySignal | undefined {
    return #signal in req ? req.#signal : undefined;
  }

  static derived(req: object, parts: RequestParts<AnyRequest>): CallRequest | undefined {
    if (!(#signal in req) || req.#signal === undefined) {
      return undefined;
    }
    const { message = req.message, header = req.header, contextValues = req.contextValues } = parts;
    return new CallRequest(req.#signal, req, { message, header, contextValues });
  }
}
