import type { ContextValues, HandlerContext, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { isHttpField } from "../../../grpc/index.js";
import { nameOf } from "../../on-error.js";
import { HeadersSentError, sendingHeaders } from "../../send-headers.js";
import { EarlyHeaders } from "../early-headers.js";

/** The answers that are being made, by what interceptors see of their calls: they may put something else in the place of any of it. */
const answers = new WeakMap<object, ConnectHeaders>();

/**
 * The headers of an answer that one of Connect's handlers makes. It gives them away with the first message. They leave before, where
 * whoever serves the handler can send them, when its method asks for it or lets its caller wait.
 */
export class ConnectHeaders {
  /** "early": they left because the time was up; nothing else has left yet. */
  #state: "waiting" | "early" | "left" | "over" = "waiting";
  /** Those that left before the first message. */
  #sent: Headers | undefined;
  #context: HandlerContext | undefined;
  #timer: EarlyHeaders | undefined;
  /** Of a request that the method waits for something has come, and is being read. */
  #isRequestOnItsWay = false;
  #isRequestAwaited = false;

  /**
   * @param values the context values that the handler is given
   * @param send sends a status of 200 and these headers, at once
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

  /** The call has come as far as its interceptors. */
  follow(req: UnaryRequest | StreamRequest): void {
    answers.set(req.header, this);
    answers.set(req.signal, this);
  }

  /** A method is about to run with this context. */
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

  /** Bytes of a request have come. */
  requestComes(): void {
    this.#isRequestOnItsWay = true;
  }

  /** The method waits for a request. */
  awaitRequest(): void {
    this.#isRequestAwaited = true;
  }

  /** The method gets a request, or there are no more. */
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
        throw new HeadersSentError(this.#context === undefined ? "a call" : nameOf(this.#context.method));
      case "over":
    }
  }

  #onDue(): void {
    if (this.#state !== "waiting") {
      return;
    }
    // It may take a busy process longer to read and decompress a request than a caller who sends none is let wait.
    if (this.#isRequestAwaited && this.#isRequestOnItsWay) {
      this.#wait();
      return;
    }
    try {
      this.#open();
      this.#state = "early";
    } catch {
      // What cannot be sent now cannot be later; then somebody is there to be told.
    }
  }

  #open(): void {
    const headers = new Headers(this.#context?.responseHeader);
    this.send(headers);
    this.#sent = headers;
    this.#timer?.stop();
  }

  /** The first message, or the end, is about to be sent. Returns whether the headers have left. */
  leave(): boolean {
    this.#timer?.stop();
    if (this.#state !== "over") {
      this.#state = "left";
    }
    return this.#sent !== undefined;
  }

  /** The method has run: headers that were set when they had left already become trailers, so that they are not lost. */
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

  /** The call is over, however it ended: nothing more can be sent. */
  close(): void {
    this.#state = "over";
    this.#timer?.stop();
  }
}

/** Whether the answer's status is 200 whatever becomes of the call, by the content type: not in Connect's unary calls. */
export function isStatusKnown(contentType: string): boolean {
  return contentType.startsWith("application/grpc") || contentType.startsWith("application/connect+");
}
