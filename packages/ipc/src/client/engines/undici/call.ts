import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalClientRequest, UniversalClientResponse } from "@connectrpc/connect/protocol";
import type { Dispatcher } from "undici";
import { abortableIterable, connectErrorFrom, isHttpField, sending, Turn, valuesOf } from "../../../grpc/index.js";
import { setImmediate } from "../../../real-timers.js";
import { Received } from "./received.js";

/**
 * undici hands on one piece of a request at a time. Node.js, as undici sets it up, fails calls on a connection for which more
 * than 10 MB wait to be written, which a few large messages would be.
 */
const maxPieceBytes = 32 * 1024;

/** Why no more of a request is read. Nobody sees it; to make one each time would cost every call. */
const over = new Error("the call is over");

/** What a call asks of the session that it is made on. */
export interface CallHost {
  /** The call begins: its HTTP/2 stream is opened now, and is this one. */
  begin(call: Call): number;
  /** Why the call failed, as far as the session can tell; undefined if it cannot. */
  explain(call: Call, error: unknown): ConnectError | undefined;
  /** The call is over: answered or given up. */
  end(call: Call): void;
  /** undici is about to reset the stream of a call that was given up. */
  reset(call: Call): void;
}

/** One call as undici's `dispatch()` sees it: a request to send, and a handler of what comes back. */
export class Call implements Dispatcher.DispatchHandler {
  /** Settled with the response's headers; its body and trailers follow. */
  readonly response: Promise<UniversalClientResponse>;
  /** The HTTP/2 stream, once there is one. */
  streamId: number | undefined;
  /** The code with which the server has reset the stream. */
  resetCode: number | undefined;
  /** The response's bytes. */
  readonly received: Received;
  /** Whether undici has said that it failed. */
  hasFailed = false;
  /** Whether the call has been answered or given up. */
  isOver = false;
  /** Whether all of the request has been handed to undici, and whether it has been written. */
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
    this.received = new Received(
      () => this.#controller?.resume(),
      () => signal?.removeEventListener("abort", this.#onAbort),
      (error) => this.cancel(error),
    );
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** The call as undici takes it. */
  get options(): Dispatcher.DispatchOptions {
    const { pathname, search } = new URL(this.request.url);
    return {
      method: "POST",
      path: pathname + search,
      headers: fieldsOf(this.request.header),
      body: streamedBody(() => this.#outgoing()),
      // undici 7 lets no other call share a connection. It is not sent again whatever it says: see `onRequestStart`.
      idempotent: true,
    };
  }

  /** Ends the call: nobody waits for the answer any more. */
  cancel(reason: unknown): void {
    this.#settle.reject(reason);
    this.received.abort(reason);
    this.#leave(reason);
  }

  /** Ends the call, after what has come of the answer. */
  fail(error: ConnectError): void {
    this.#settle.reject(error);
    this.received.fail(error);
    this.#leave(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.isOver || this.streamId !== undefined) {
      // It was cancelled before it began; or undici 8 is about to send it once more, which is for `retry()` to decide.
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
    this.#settle.resolve({ status, header, body: this.received, trailer: this.#trailer });
  }

  /** The session has received the bytes already. This is only to make the server wait for the reader. */
  onResponseData(controller: Dispatcher.DispatchController): void {
    if (this.received.isFull) {
      controller.pause();
    }
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: Fields): void {
    // undici 7 gives the trailers of HTTP/2 only as it got them, undici 8 in both ways.
    const { rawTrailers } = controller;
    addFields(this.#trailer, isFields(rawTrailers) ? rawTrailers : trailers);
    this.#isAnswered ||= this.#trailer.has("grpc-status");
    if (this.#isAnswered || this.#status !== 200) {
      this.#complete();
    } else {
      // A stream that was reset, or whose connection was lost, may end like any other.
      this.#explain(new Error("the answer ended without a status"), () => this.#complete());
    }
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.hasFailed = true;
    if (!this.isOver) {
      this.#explain(error, () => this.fail(internal(error)));
    }
  }

  /** Fails with the reason that the session knows, be it a moment later, or else does what there is to do without. */
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
    this.received.end();
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
      // What undici has not handed out has been read all the same; left there, it would keep the stream open.
      this.#controller?.resume();
    } else {
      this.request.signal?.removeEventListener("abort", this.#onAbort);
      this.#reset(internal(reason));
    }
    this.host.end(this);
  }

  /** Whether the stream is to be reset as soon as its request has been written. */
  get isToBeReset(): boolean {
    return this.#onWritten !== undefined;
  }

  /**
   * Has undici reset the stream, at a moment when it can. undici 8 destroys the stream in the same breath. If its request has been
   * ended but not quite written, Node.js then sends no RST_STREAM, and may send empty frames without end.
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
        // The socket told Node.js so just now, perhaps; Node.js tells the stream in the next turn.
        setImmediate(() => setImmediate(reset));
    }
  }

  /** The end of the request has been written. */
  requestWritten(): void {
    this.#request = "written";
    this.#onWritten?.();
    this.#onWritten = undefined;
  }

  /** The request's bytes, as long as anybody wants them. */
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
      // An answer that came early ends the request like any other end; a fault of the request is the call's.
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
 * undici joins the values of fields of one name, which gRPC's libraries refuse of binary ones. Names that differ in case are fields
 * of their own to it, and of one name to everybody else.
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
 * A body whose length is not known, on a connection that is shared. undici 7, and 8 up to 8.2, send nothing else beside a
 * stream or an async iterable; but they do beside a `Blob`, of which they read nothing but its stream.
 */
function streamedBody(stream: () => AsyncIterable<Uint8Array>): never {
  return Object.create(Blob.prototype, { stream: { value: stream }, size: { value: undefined } }) as never;
}

function internal(error: unknown): ConnectError {
  return connectErrorFrom(error, Code.Internal);
}
