import type { ContextValues, HandlerContext, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { isEnveloped, isHttpField, methodName } from "../../../grpc/index.js";
import { HeadersSentError, sendingHeaders } from "../../send-headers.js";
import { EarlyHeaders } from "../early-headers.js";

/**
 * The responses in progress, by objects that interceptors see of their calls: an interceptor may replace any of these.
 */
const answers = new WeakMap<object, ConnectHeaders>();

/**
 * The headers of a response that one of Connect's handlers makes. Connect sends them with the first message. They can
 * be sent earlier, if the code that serves the handler can send them: when its method asks for it, or when it lets the
 * caller wait for too long.
 */
export class ConnectHeaders {
  /** "early" means that they were sent because the time was up, and that nothing else has been sent yet. */
  #state: "waiting" | "early" | "left" | "over" = "waiting";
  /** The headers that were sent before the first message. */
  #sent: Headers | undefined;
  #context: HandlerContext | undefined;
  #timer: EarlyHeaders | undefined;
  /** Set while bytes have arrived of a request for which the method waits. */
  #isRequestOnItsWay = false;
  #isRequestAwaited = false;

  /**
   * @param values the context values that the handler gets
   * @param send sends status 200 and these headers at once
   */
  constructor(
    values: ContextValues,
    private readonly send: (headers: Headers) => void,
  ) {
    answers.set(values, this);
  }

  static of(values: ContextValues): ConnectHeaders | undefined {
    return answers.get(values);
  }

  /** Called when the call has reached its interceptors. */
  follow(req: UnaryRequest | StreamRequest): void {
    answers.set(req.header, this);
    answers.set(req.signal, this);
  }

  /** Called when a method is about to run with this context. */
  static begin(context: HandlerContext): void {
    const { values, requestHeader, signal } = context;
    const headers = answers.get(values) ?? answers.get(requestHeader) ?? answers.get(signal);
    Object.assign(context, { [sendingHeaders]: () => headers?.sendNow() });
    headers?.begin(context);
  }

  private begin(context: HandlerContext): void {
    this.#context = context;
    const { methodKind } = context.method;
    if (this.#state === "waiting" && (methodKind === "server_streaming" || methodKind === "bidi_streaming")) {
      this.#wait();
    }
  }

  #wait(): void {
    this.#timer = new EarlyHeaders(() => this.#onDue());
  }

  /** Called when bytes of a request have arrived. */
  requestComes(): void {
    this.#isRequestOnItsWay = true;
  }

  /** Called when the method waits for a request. */
  awaitRequest(): void {
    this.#isRequestAwaited = true;
  }

  /** Called when the method gets a request, or when there are no more. */
  requestIsThere(): void {
    this.#isRequestOnItsWay = false;
    this.#isRequestAwaited = false;
  }

  private sendNow(): void {
    switch (this.#state) {
      case "waiting":
        this.#open();
        this.#state = "left";
        break;
      case "early":
        this.#state = "left";
        break;
      case "left":
        throw new HeadersSentError(this.#context === undefined ? "a call" : methodName(this.#context.method));
      case "over":
    }
  }

  #onDue(): void {
    if (this.#state !== "waiting") {
      return;
    }
    // Reading and decompressing a request may take a busy process longer than the headers wait for a caller that sends
    // none.
    if (this.#isRequestAwaited && this.#isRequestOnItsWay) {
      this.#wait();
      return;
    }
    try {
      this.#open();
      this.#state = "early";
    } catch {
      // Headers that cannot be sent now cannot be sent later either; the error is reported then.
    }
  }

  #open(): void {
    const headers = new Headers(this.#context?.responseHeader);
    this.send(headers);
    this.#sent = headers;
    this.#timer?.stop();
  }

  /** Called before the first message or the end is sent. Returns whether the headers have been sent already. */
  leave(): boolean {
    this.#timer?.stop();
    if (this.#state !== "over") {
      this.#state = "left";
    }
    return this.#sent !== undefined;
  }

  /**
   * Called when the method has run. Headers that were set after they had been sent become trailers, so that they are
   * not lost.
   */
  finish(): void {
    this.#timer?.stop();
    if (this.#sent === undefined || this.#context === undefined) {
      return;
    }
    const { responseHeader, responseTrailer } = this.#context;
    for (const [name, value] of responseHeader) {
      if (this.#sent.get(name) !== value && !isHttpField(name)) {
        responseTrailer.append(name, value);
      }
    }
  }

  /** Called when the call is over, however it ended: nothing more can be sent. */
  close(): void {
    this.#state = "over";
    this.#timer?.stop();
  }
}

/**
 * Tells by the content type whether the HTTP status of the response is 200 whatever the outcome of the call. It is not
 * in unary calls of the Connect protocol.
 */
export function isStatusKnown(contentType: string): boolean {
  return isEnveloped(contentType);
}
