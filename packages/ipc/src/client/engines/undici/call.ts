import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalClientRequest, UniversalClientResponse } from "@connectrpc/connect/protocol";
import type { Dispatcher } from "undici";
import { isHttpField, valuesOf } from "../../../grpc/index.js";
import { sending, Turn } from "../../../messages/turns.js";
import { abortableIterable } from "../../../time/abortable.js";
import { setImmediate } from "../../../time/real-timers.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import { ResponseBody } from "./response-body.js";

/**
 * The size of the pieces in which a request is passed to undici, in bytes. undici passes on one piece at a time. As
 * undici configures it, Node.js fails calls on a connection for which more than 10 MB wait to be written, which a few
 * large messages would exceed.
 */
const maxPieceBytes = 32 * 1024;

/**
 * The reason why the rest of a request is not read, which nobody sees. Creating one each time would cost every call.
 */
const over = new Error("the call is over");

/** What a call needs of its session. */
export interface CallHost {
  /** Called when the call begins. Returns the id of its HTTP/2 stream, which is opened now. */
  begin(call: UndiciCall): number;
  /** Returns the reason why the call failed, if the session knows it. */
  explain(call: UndiciCall, error: unknown): ConnectError | undefined;
  /** Called when the call has been answered or given up. */
  end(call: UndiciCall): void;
  /** Called when undici is about to reset the stream of a call that was given up. */
  reset(call: UndiciCall): void;
}

/** A call as undici's `dispatch()` sees it: a request to send, and a handler of the response. */
export class UndiciCall implements Dispatcher.DispatchHandler {
  /** Resolves with the response's headers; its body and trailers follow. */
  readonly response: Promise<UniversalClientResponse>;
  /** The id of the HTTP/2 stream, once there is one. */
  streamId: number | undefined;
  /** The error code with which the server has reset the stream. */
  resetCode: number | undefined;
  /** The response's bytes. */
  readonly responseBody: ResponseBody;
  /** Whether undici has reported an error. */
  hasFailed = false;
  /** Whether the call has been answered or given up. */
  isOver = false;
  /** The progress of the request: passed to undici completely, and written to the socket. */
  #request: "open" | "handed over" | "written" = "open";
  #onWritten: (() => void) | undefined;
  #settle!: { resolve(response: UniversalClientResponse): void; reject(error: unknown): void };
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #isAnswered = false;
  readonly #trailer = new Headers();
  readonly #sending = new AbortController();
  readonly #onAbort = () => this.cancel(this.request.signal?.reason);

  constructor(
    private readonly request: UniversalClientRequest,
    private readonly host: CallHost,
  ) {
    this.response = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    const { signal } = request;
    this.responseBody = new ResponseBody(
      () => this.#controller?.resume(),
      () => signal?.removeEventListener("abort", this.#onAbort),
      (error) => this.cancel(error),
    );
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** The arguments for undici's `dispatch()`. */
  get options(): Dispatcher.DispatchOptions {
    const { pathname, search } = new URL(this.request.url);
    return {
      method: "POST",
      path: pathname + search,
      headers: fieldsOf(this.request.header),
      body: streamedBody(() => this.#outgoing()),
      // undici 7 lets only idempotent calls share a connection. Nothing is sent again in spite of this: see
      // `onRequestStart`.
      idempotent: true,
    };
  }

  /** Ends the call at once: nobody waits for the response any more. */
  cancel(reason: unknown): void {
    this.#settle.reject(reason);
    this.responseBody.abort(reason);
    this.#leave(reason);
  }

  /** Ends the call after the received part of the response has been read. */
  fail(error: ConnectError): void {
    this.#settle.reject(error);
    this.responseBody.fail(error);
    this.#leave(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.isOver || this.streamId !== undefined) {
      // The call was cancelled before it began, or undici 8 is about to send it again, which only `retry()` may do.
      controller.abort(new Error("not sent"));
      return;
    }
    this.#controller = controller;
    this.streamId = this.host.begin(this);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, fields: Fields): void {
    if (status < 200) {
      return;
    }
    const header = new Headers();
    addFields(header, fields);
    this.#status = status;
    this.#isAnswered = header.has("grpc-status");
    this.#settle.resolve({ status, header, body: this.responseBody, trailer: this.#trailer });
  }

  /** Only makes the server wait for the reader. The session has received the bytes already. */
  onResponseData(controller: Dispatcher.DispatchController): void {
    if (this.responseBody.isFull) {
      controller.pause();
    }
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: Fields): void {
    // undici 7 provides the trailers of HTTP/2 only unparsed, undici 8 in both forms.
    const { rawTrailers } = controller;
    addFields(this.#trailer, isFields(rawTrailers) ? rawTrailers : trailers);
    this.#isAnswered ||= this.#trailer.has("grpc-status");
    if (this.#isAnswered || this.#status !== 200) {
      this.#complete();
    } else {
      // A stream that was reset, or whose connection was lost, may end without an error.
      this.#explain(new Error("the response ended without a status"), () => this.#complete());
    }
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.hasFailed = true;
    if (!this.isOver) {
      this.#explain(error, () => this.fail(internal(error)));
    }
  }

  /** Fails with the reason that the session knows now or in the next turn; otherwise calls `otherwise`. */
  #explain(error: Error, otherwise: () => void): void {
    const reason = this.host.explain(this, error);
    if (reason !== undefined) {
      this.fail(reason);
      return;
    }
    setImmediate(() => {
      const laterReason = this.host.explain(this, error);
      if (laterReason === undefined) {
        otherwise();
      } else {
        this.fail(laterReason);
      }
    });
  }

  #complete(): void {
    if (this.#status === 0) {
      this.fail(new ConnectError("protocol error: the response has no status", Code.Internal));
      return;
    }
    this.responseBody.end();
    this.#leave(undefined);
  }

  #leave(reason: unknown): void {
    if (this.isOver) {
      return;
    }
    this.isOver = true;
    if (this.#request === "open") {
      this.#sending.abort(over);
    }
    if (reason === undefined) {
      // undici may still hold response data that were read elsewhere already, and would keep the stream open for them.
      this.#controller?.resume();
    } else {
      this.request.signal?.removeEventListener("abort", this.#onAbort);
      this.#reset(internal(reason));
    }
    this.host.end(this);
  }

  /** Whether the stream will be reset as soon as its request has been written. */
  get isToBeReset(): boolean {
    return this.#onWritten !== undefined;
  }

  /**
   * Makes undici reset the stream, at a moment when that is possible. undici 8 destroys the stream at the same time. If
   * its request has been ended but not yet written, Node.js then sends no RST_STREAM, and may send empty frames
   * endlessly.
   */
  #reset(reason: ConnectError): void {
    const reset = () => {
      this.host.reset(this);
      this.#controller?.abort(reason);
    };
    switch (this.#request) {
      case "open":
        reset();
        break;
      case "handed over":
        this.#onWritten = () => this.#reset(reason);
        break;
      case "written":
        // The socket may have reported this just now, and Node.js reports it to the stream in the next turn.
        setImmediate(() => setImmediate(reset));
    }
  }

  /** Called when the end of the request has been written. */
  requestWritten(): void {
    this.#request = "written";
    this.#onWritten?.();
    this.#onWritten = undefined;
  }

  /** Yields the request's bytes as long as they are needed. */
  async *#outgoing(): AsyncIterable<Uint8Array> {
    try {
      if (this.request.body !== undefined) {
        const turn = new Turn(sending);
        for await (const bytes of abortableIterable(this.request.body, this.#sending.signal)) {
          for (let at = 0; at < bytes.length; at += maxPieceBytes) {
            yield bytes.subarray(at, at + maxPieceBytes);
          }
          if (turn.spend(bytes.length)) {
            await turn.next();
          }
        }
      }
      this.#request = "handed over";
    } catch (error) {
      // An early response ends the request like a regular end; an error of the request fails the call.
      if (!this.isOver) {
        this.cancel(internal(error));
      }
    }
  }
}

type Fields = Record<string, string | string[] | undefined>;

function isFields(fields: unknown): fields is Fields {
  return typeof fields === "object" && fields !== null && !Array.isArray(fields);
}

function addFields(headers: Headers, fields: Fields): void {
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith(":") || value === undefined) {
      continue;
    }
    for (const one of Array.isArray(value) ? value : [value]) {
      headers.append(name, one);
    }
  }
}

function fieldsOf(header: Headers): string[] {
  return [...header]
    .filter(([name]) => !isHttpField(name))
    .flatMap(([name, joined]) => valuesOf(name, joined).flatMap((value, i) => [spelling(name, i), value]));
}

/**
 * Varies the spelling of a repeated field's name. undici joins the values of fields with the same name, and gRPC's
 * libraries refuse joined binary values. Names that differ in case are different fields for undici and the same field
 * for everybody else.
 */
function spelling(name: string, i: number): string {
  let bits = i;
  return name.replace(/[a-z]/g, (letter) => {
    const spelled = bits % 2 === 1 ? letter.toUpperCase() : letter;
    bits = Math.floor(bits / 2);
    return spelled;
  });
}

/**
 * Creates a body of unknown length for a shared connection. undici 7, and 8 up to 8.2, send nothing else besides a
 * stream or an async iterable. They do besides a `Blob`, of which they only read the stream.
 */
function streamedBody(stream: () => AsyncIterable<Uint8Array>): never {
  return Object.create(Blob.prototype, { stream: { value: stream }, size: { value: undefined } }) as never;
}

function internal(error: unknown): ConnectError {
  return connectErrorFrom(error, Code.Internal);
}
