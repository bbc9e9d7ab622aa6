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
import { CallScope } from "../../../call-scope.js";
import {
  BytesInbox,
  Drain,
  fieldOf,
  headersOf,
  isHttpField,
  isInstance,
  letGo,
  sending,
  Turn,
} from "../../../grpc/index.js";
import { type Caller, contextValuesFor } from "../../caller.js";
import { ConnectHeaders, isStatusKnown } from "../../connect-headers.js";
import { longTimeouts } from "../../long-timeouts.js";
import { nameOf, type OnError } from "../../on-error.js";
import type { Handler } from "../../routes.js";
import { formOf, hasOneRequest, wholeMessages, withoutLength } from "../../whole-messages.js";
import type { Reviewed } from "./unfinished-requests.js";

/** A request that is not gRPC, or has no route: Connect's own handler for its path answers it. */
export class BridgedCall implements RequestHandler, Reviewed {
  lastUnfinished: unknown;
  looks = 0;
  readonly #inbox: BytesInbox;
  readonly #controller = new AbortController();
  readonly #drain = new Drain();
  #headers: ConnectHeaders | undefined;

  constructor(
    private readonly stream: ServerStream,
    private readonly handler: Handler,
    private readonly caller: Caller,
    fields: readonly string[],
    extra: readonly string[],
    endStream: boolean,
    private readonly onError: OnError,
    private readonly maxTimeoutMs: number | undefined,
  ) {
    stream.pause(false);
    this.#inbox = new BytesInbox(
      stream,
      formOf(handler, (name) => fieldOf(name, fields, extra)),
    );
    if (endStream) {
      this.#inbox.finish();
    }
    void new CallScope().runInAsyncScope(this.#run, this, fields, extra);
  }

  /** Of a request that has one message, all of it; of others, a message that the handler waits for. */
  get unfinished(): unknown {
    if (this.stream.isReceived || this.stream.isClosed) {
      return undefined;
    }
    return hasOneRequest(this.handler.method) ? this : this.#inbox.unfinished;
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
      for (const [name, value] of longTimeouts((name) => header.get(name) ?? undefined, this.maxTimeoutMs)) {
        header.set(name, value);
      }
      const contextValues = contextValuesFor(this.caller);
      const contentType = header.get("content-type") ?? "";
      if (isStatusKnown(contentType)) {
        this.#headers = new ConnectHeaders(contextValues, (early) => this.#respond(200, early));
      }
      await this.#answer(
        await this.handler({
          httpVersion: "2.0",
          method: fieldOf(":method", fields, extra) ?? "",
          url: `http://localhost${fieldOf(":path", fields, extra) ?? "/"}`,
          header: withoutLength(header, this.handler),
          body: wholeMessages(this.#inbox.bytes, contentType, this.#headers),
          signal: this.#controller.signal,
          contextValues,
        }),
      );
    } catch (error) {
      if (!this.stream.isClosed) {
        // Fields that the caller does not take are no fault of the handler's.
        if (!isInstance(error, HeaderListSizeError)) {
          this.onError(error, { method: nameOf(this.handler.method) });
        }
        this.stream.reset(ErrorCode.INTERNAL_ERROR);
      }
    } finally {
      this.#inbox.bytes.abort(undefined); // who answers without having read the request does not read it afterwards either
      this.#headers?.close();
      this.#controller.abort();
    }
  }

  #respond(status: number, header: Headers | undefined, endStream = false): void {
    this.stream.respond(HeaderBlock.of([":status", String(status)]), listOf(header), endStream);
  }

  /** An answer of one message is there already: it cannot wait elsewhere. */
  async #findRoomFor({ length }: Uint8Array): Promise<void> {
    const { stream } = this;
    const { methodKind } = this.handler.method;
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
      let chunk = await chunks.next(); // only then are the headers complete
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
      letGo(chunks);
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
