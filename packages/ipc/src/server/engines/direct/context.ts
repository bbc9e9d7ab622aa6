import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ContextValues, HandlerContext } from "@connectrpc/connect";
import { headersOf, methodName } from "../../../grpc/index.js";
import { callEnded } from "../../../time/signal-deadline.js";
import { guardedController } from "../../../user-code/guarded-signal.js";
import { allowManyListeners } from "../../../user-code/shared-signal.js";
import { type Caller, contextValuesFor } from "../../caller.js";
import { sendingHeaders } from "../../send-headers.js";

/** What a context shows of a call. */
export interface ContextSource {
  readonly desc: DescMethod;
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
  #controller: AbortController | undefined;
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
    return `http://localhost/${methodName(this.method)}`;
  }
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = guardedController((error) => this.#call.onListenerError(error));
      allowManyListeners(this.#controller.signal); // a handler may pass it to many calls of its own
      if (this.#call.isOver) {
        this.#controller.abort(this.#call.reason ?? callEnded());
      }
    }
    return this.#controller.signal;
  }
  get requestHeader(): Headers {
    this.#requestHeader ??= headersOf(this.#call.requestFields, this.#call.requestExtra);
    return this.#requestHeader;
  }
  get responseHeader(): Headers {
    this.#responseHeader ??= new Headers();
    return this.#responseHeader;
  }
  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers();
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
    context.#controller?.abort(reason ?? callEnded());
  }
}

/** Creates a context whose properties are all its own, as interceptors and code that spreads it need. */
export function plainContext(context: LazyContext, own: Partial<HandlerContext>): HandlerContext {
  return {
    method: context.method,
    service: context.service,
    protocolName: context.protocolName,
    requestMethod: context.requestMethod,
    url: context.url,
    signal: context.signal,
    timeoutMs: context.timeoutMs,
    requestHeader: context.requestHeader,
    responseHeader: context.responseHeader,
    responseTrailer: context.responseTrailer,
    values: context.values,
    ...{ [sendingHeaders]: () => context[sendingHeaders]() },
    ...own,
  };
}
