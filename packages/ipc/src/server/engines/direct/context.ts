import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ContextValues, HandlerContext, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { FieldHeaders, headersOf } from "../../../grpc/index.js";
import { LazySignal } from "../../../time/lazy-signal.js";
import { OwnSignal } from "../../../time/own-signal.js";
import { callEnded } from "../../../time/signal-deadline.js";
import { type Caller, contextValuesFor } from "../../caller.js";
import { sendingHeaders } from "../../send-headers.js";

/** What a context shows of a call. */
export interface ContextSource {
  readonly desc: DescMethod;
  readonly url: string;
  readonly requestFields: readonly string[];
  readonly requestExtra: readonly string[];
  readonly caller: Caller;
  /** Returns the time left for the call, in milliseconds; undefined without a deadline. */
  leftMs(): number | undefined;
  /** Whether the call is over, and the reason. */
  readonly isOver: boolean;
  readonly reason: unknown;
  /** Sends the headers of the response before its first message. */
  sendHeaders(): void;
  /** Called with an error that a listener of the call's signal has thrown. */
  onListenerError(error: unknown): void;
}

/** Connect's HandlerContext. Its parts are created when a handler reads them. */
export class LazyContext implements HandlerContext {
  readonly #call: ContextSource;
  #signal: LazySignal | undefined;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #values: ContextValues | undefined;

  constructor(call: ContextSource) {
    this.#call = call;
  }

  get timeoutMs(): () => number | undefined {
    return () => this.#call.leftMs();
  }
  get method(): DescMethod {
    return this.#call.desc;
  }
  get service(): DescService {
    return this.#call.desc.parent;
  }
  get protocolName(): string {
    return "grpc";
  }
  get requestMethod(): string {
    return "POST";
  }
  get url(): string {
    return this.#call.url;
  }
  get signal(): AbortSignal {
    return LazyContext.lazySignalOf(this).signal;
  }
  get requestHeader(): Headers {
    this.#requestHeader ??= headersOf(this.#call.requestFields, this.#call.requestExtra);
    return this.#requestHeader;
  }
  get responseHeader(): Headers {
    this.#responseHeader ??= new FieldHeaders();
    return this.#responseHeader;
  }
  get responseTrailer(): Headers {
    this.#responseTrailer ??= new FieldHeaders();
    return this.#responseTrailer;
  }
  get values(): ContextValues {
    this.#values ??= contextValuesFor(this.#call.caller);
    return this.#values;
  }

  /** @internal */
  [sendingHeaders](): void {
    this.#call.sendHeaders();
  }

  /** @internal Returns the headers that the handler has set, if it has read the property at all. */
  static responseHeaderOf(context: LazyContext): Headers | undefined {
    return context.#responseHeader;
  }
  /** @internal */
  static responseTrailerOf(context: LazyContext): Headers | undefined {
    return context.#responseTrailer;
  }
  /** @internal Ends the call: aborts its signal, if somebody has read it. */
  static end(context: LazyContext, reason: unknown): void {
    context.#signal?.abort(reason ?? callEnded());
  }
  /** @internal Returns what the signal is created from. A handler may pass the signal to many calls of its own. */
  static lazySignalOf(context: LazyContext): LazySignal {
    if (context.#signal === undefined) {
      const call = context.#call;
      context.#signal = new LazySignal((error) => call.onListenerError(error));
      if (call.isOver) {
        context.#signal.abort(call.reason ?? callEnded());
      }
    }
    return context.#signal;
  }
}

/** The context that a handler gets through interceptors. All its properties are its own, for code that spreads it. */
export class InterceptedContext extends OwnSignal implements HandlerContext {
  readonly method: DescMethod;
  readonly service: DescService;
  readonly protocolName: string;
  readonly requestMethod: string;
  readonly url: string;
  readonly timeoutMs: () => number | undefined;
  readonly requestHeader: Headers;
  readonly responseHeader: Headers;
  readonly responseTrailer: Headers;
  readonly values: ContextValues;
  readonly [sendingHeaders]: () => void;

  /** @param req the request that the innermost interceptor has passed on */
  constructor(context: LazyContext, req: UnaryRequest | StreamRequest) {
    super(OwnSignal.sourceOf(req) ?? req.signal);
    this.method = context.method;
    this.service = req.service;
    this.protocolName = context.protocolName;
    this.requestMethod = context.requestMethod;
    this.url = context.url;
    this.timeoutMs = context.timeoutMs;
    this.requestHeader = req.header;
    this.responseHeader = context.responseHeader;
    this.responseTrailer = context.responseTrailer;
    this.values = req.contextValues;
    this[sendingHeaders] = () => context[sendingHeaders]();
  }
}
