import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import {
  ErrorCode,
  HeaderBlock,
  HeaderListSizeError,
  NO_FIELDS,
  type RequestHandler,
  type ServerStream,
  type StreamError,
} from "@vyra/http2";
import { fieldOf, headersOf, isHttpField, methodName } from "../../../grpc/index.js";
import { BytesInbox } from "../../../messages/bytes-inbox.js";
import { Drain } from "../../../messages/send-messages.js";
import { sending, Turn } from "../../../messages/turns.js";
import { CallScope } from "../../../user-code/call-scope.js";
import { closeIterator } from "../../../user-code/iterators.js";
import { isInstance } from "../../../user-code/thrown.js";
import { type Caller, contextValuesFor } from "../../caller.js";
import type { OnError } from "../../on-error.js";
import { ConnectHeaders, isStatusKnown } from "../connect/headers.js";
import { longTimeouts } from "../connect/long-timeouts.js";
import { formOf, hasOneRequest, wholeMessages, withoutLength } from "../connect/whole-messages.js";
import type { Handler } from "../routes.js";
import type { CheckedCall } from "./unfinished-requests.js";

/** The beginning of a request, and Connect's handler for its path. */
export interface BridgedRequest {
  readonly handler: Handler;
  readonly caller: Caller;
  /** All header fields, names and values in turn: `fields`, then `extra`. */
  readonly fields: readonly string[];
  readonly extra: readonly string[];
  /** Whether the request has no body. */
  readonly endStream: boolean;
}

/** The settings that all bridged calls of a server share. */
export interface BridgeSettings {
  readonly onError: OnError;
  /** The limit of timeouts in milliseconds; undefined for none. */
  readonly maxTimeoutMs: number | undefined;
}

/** A call that is not gRPC, or has no route: Connect's own handler for its path answers it. */
export class BridgedCall implements RequestHandler, CheckedCall {
  lastUnfinished: unknown;
  checks = 0;
  readonly #handler: Handler;
  readonly #caller: Caller;
  readonly #inbox: BytesInbox;
  readonly #controller = new AbortController();
  readonly #drain = new Drain();
  #headers: ConnectHeaders | undefined;

  constructor(
    private readonly stream: ServerStream,
    { handler, caller, fields, extra, endStream }: BridgedRequest,
    private readonly settings: BridgeSettings,
  ) {
    stream.pause(false);
    this.#handler = handler;
    this.#caller = caller;
    this.#inbox = new BytesInbox(
      stream,
      formOf(handler, (name) => fieldOf(name, fields, extra)),
    );
    if (endStream) {
      this.#inbox.finish();
    }
    void new CallScope().runInAsyncScope(this.#run, this, fields, extra);
  }

  /**
   * The incomplete part of the request: all of it if the method takes one message, otherwise a message for which the
   * handler waits.
   */
  get unfinished(): unknown {
    if (this.stream.isReceived || this.stream.isClosed) {
      return undefined;
    }
    return hasOneRequest(this.#handler.method) ? this : this.#inbox.unfinished;
  }

  fail(error: ConnectError): void {
    this.#inbox.bytes.abort(error);
  }

  onData(_: ServerStream, buffer: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.#inbox.push(buffer, start, end);
    if (endStream) {
      this.onTrailers();
    }
  }

  onTrailers(): void {
    this.#inbox.finish();
  }

  onReset(_: ServerStream, error: StreamError): void {
    const reason = new ConnectError("the caller went away", Code.Canceled, undefined, undefined, error);
    this.#inbox.bytes.abort(reason);
    this.#controller.abort(reason);
    this.#headers?.close();
    this.#drain.onDrain();
  }

  onDrain(): void {
    this.#drain.onDrain();
  }

  async #run(fields: readonly string[], extra: readonly string[]): Promise<void> {
    try {
      const header = headersOf(fields, extra);
      for (const [name, value] of longTimeouts((name) => header.get(name) ?? undefined, this.settings.maxTimeoutMs)) {
        header.set(name, value);
      }
      const contextValues = contextValuesFor(this.#caller);
      const contentType = header.get("content-type") ?? "";
      if (isStatusKnown(contentType)) {
        this.#headers = new ConnectHeaders(contextValues, (early) => this.#respond(200, early));
      }
      await this.#answer(
        await this.#handler({
          httpVersion: "2.0",
          method: fieldOf(":method", fields, extra) ?? "",
          url: `http://localhost${fieldOf(":path", fields, extra) ?? "/"}`,
          header: withoutLength(header, this.#handler),
          body: wholeMessages(this.#inbox.bytes, contentType, this.#headers),
          signal: this.#controller.signal,
          contextValues,
        }),
      );
    } catch (error) {
      if (!this.stream.isClosed) {
        // Header fields that exceed the caller's limit are not a fault of the handler.
        if (!isInstance(error, HeaderListSizeError)) {
          this.settings.onError(error, { method: methodName(this.#handler.method) });
        }
        this.stream.reset(ErrorCode.INTERNAL_ERROR);
      }
    } finally {
      this.#inbox.bytes.abort(undefined); // a handler that has answered does not read the request any more
      this.#headers?.close();
      this.#controller.abort();
    }
  }

  #respond(status: number, header: Headers | undefined, endStream = false): void {
    this.stream.respond(HeaderBlock.of([":status", String(status)]), listOf(header), endStream);
  }

  /**
   * Waits until a chunk of the response may be sent. The single message of a unary response exists already and cannot
   * wait elsewhere.
   */
  async #findRoomFor({ length }: Uint8Array): Promise<void> {
    const { stream } = this;
    const { methodKind } = this.#handler.method;
    if ((methodKind === "unary" || methodKind === "client_streaming") && !stream.hasRoomFor(length)) {
      stream.reset(ErrorCode.ENHANCE_YOUR_CALM);
    }
    while (!stream.isClosed && !stream.hasRoomFor(0)) {
      stream.awaitRoom();
      await this.#drain.wait();
    }
  }

  async #answer({ status, header, body, trailer }: UniversalServerResponse): Promise<void> {
    const { stream } = this;
    const chunks = body?.[Symbol.asyncIterator]();
    if (chunks === undefined) {
      this.#respond(status, header, true);
    } else {
      let chunk = await chunks.next(); // the headers are complete only then
      if (this.#headers?.leave() !== true) {
        this.#respond(status, header);
      }
      const turn = new Turn(sending);
      for (; !chunk.done && !stream.isClosed; chunk = await chunks.next()) {
        await this.#findRoomFor(chunk.value);
        if (!stream.data(chunk.value) && !stream.isClosed) {
          await this.#drain.wait();
        }
        if (turn.spend(chunk.value.length)) {
          await turn.next();
        }
      }
      closeIterator(chunks);
      if (trailer === undefined) {
        stream.end();
      } else {
        stream.trailers(HeaderBlock.of(NO_FIELDS), listOf(trailer));
      }
    }
    stream.dropRequest();
  }
}

function listOf(headers: Headers | undefined): readonly string[] {
  return headers === undefined ? NO_FIELDS : [...headers].filter(([name]) => !isHttpField(name)).flat();
}
