import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type CallOptions, type Client, ConnectError } from "@connectrpc/connect";
import {
  type ClientCompatRequest,
  type ClientResponseResult,
  ClientResponseResultSchema,
} from "./gen/connectrpc/conformance/v1/client_compat_pb.js";
import { StreamType } from "./gen/connectrpc/conformance/v1/config_pb.js";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload,
  ConformancePayloadSchema,
  type ConformanceService,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  UnaryRequestSchema,
  UnimplementedRequestSchema,
} from "./gen/connectrpc/conformance/v1/service_pb.js";
import { addHeaders, errorMessage, headerMessages } from "./messages.js";

type ConformanceClient = Client<typeof ConformanceService>;
type Response = { payload?: ConformancePayload | undefined };

/** Makes the call that a case describes, and reports its outcome. */
export async function makeCall(client: ConformanceClient, request: ClientCompatRequest): Promise<ClientResponseResult> {
  return new Call(client, request).run();
}

class Call {
  readonly #result = create(ClientResponseResultSchema);
  readonly #controller = new AbortController();
  readonly #options: CallOptions;
  /** Notifies the sending side that a response has arrived, or that no more will arrive. */
  readonly #received = new EventTarget();
  #isOver = false;
  #sent = 0;

  constructor(
    private readonly client: ConformanceClient,
    private readonly request: ClientCompatRequest,
  ) {
    const headers = new Headers();
    addHeaders(headers, request.requestHeaders);
    this.#options = {
      headers,
      signal: this.#controller.signal,
      ...(request.timeoutMs !== undefined && { timeoutMs: request.timeoutMs }),
      onHeader: (header) => {
        this.#result.responseHeaders = headerMessages(header);
      },
      onTrailer: (trailer) => {
        this.#result.responseTrailers = headerMessages(trailer);
      },
    };
  }

  async run(): Promise<ClientResponseResult> {
    try {
      await this.#call();
    } catch (error) {
      this.#noteError(ConnectError.from(error));
    } finally {
      this.#isOver = true;
      this.#received.dispatchEvent(new Event("response"));
    }
    return this.#result;
  }

  async #call(): Promise<void> {
    const { client } = this;
    switch (this.request.method) {
      case "Unary":
        return this.#single(client.unary(this.#onlyMessage(UnaryRequestSchema), this.#options));
      case "IdempotentUnary":
        return this.#single(client.idempotentUnary(this.#onlyMessage(IdempotentUnaryRequestSchema), this.#options));
      case "Unimplemented":
        await client.unimplemented(this.#onlyMessage(UnimplementedRequestSchema), this.#options);
        return;
      case "ClientStream":
        return this.#single(client.clientStream(this.#messages(ClientStreamRequestSchema), this.#options));
      case "ServerStream":
        return this.#stream(client.serverStream(this.#onlyMessage(ServerStreamRequestSchema), this.#options));
      case "BidiStream":
        return this.#stream(client.bidiStream(this.#messages(BidiStreamRequestSchema), this.#options));
      default:
        throw new Error(`there is no method ${this.request.method}`);
    }
  }

  async #single(response: Promise<Response>): Promise<void> {
    this.#notePayload(await response);
  }

  async #stream(responses: AsyncIterable<Response>): Promise<void> {
    for await (const response of responses) {
      this.#notePayload(response);
      if (this.#cancelTiming === "afterNumResponses" && this.#result.payloads.length === this.#cancelNumber) {
        this.#controller.abort();
      }
      this.#received.dispatchEvent(new Event("response"));
    }
  }

  /** Returns the request of a method that takes one. Sending it closes the sending side. */
  #onlyMessage<T extends DescMessage>(schema: T): MessageShape<T> {
    const [message, ...more] = this.#unpacked(schema);
    if (message === undefined || more.length > 0) {
      throw new Error(`${this.request.method} takes one request, not ${this.request.requestMessages.length}`);
    }
    this.#afterCloseSend();
    return message;
  }

  async *#messages<T extends DescMessage>(schema: T): AsyncGenerator<MessageShape<T>> {
    const messages = this.#unpacked(schema);
    const isFullDuplex = this.request.streamType === StreamType.FULL_DUPLEX_BIDI_STREAM;
    this.#result.numUnsentRequests = messages.length;
    for (const message of messages) {
      await delay(this.request.requestDelayMs);
      this.#result.numUnsentRequests--;
      yield message;
      this.#sent++;
      while (isFullDuplex && this.#result.payloads.length < this.#sent && !this.#isOver) {
        await once(this.#received, "response");
      }
    }
    if (this.#cancelTiming === "beforeCloseSend") {
      this.#controller.abort();
    }
    this.#afterCloseSend();
  }

  #unpacked<T extends DescMessage>(schema: T): MessageShape<T>[] {
    return this.request.requestMessages.map((any) => {
      const message = anyUnpack(any, schema);
      if (message === undefined) {
        throw new Error(`${any.typeUrl} is no request of ${this.request.method}`);
      }
      return message;
    });
  }

  #afterCloseSend(): void {
    if (this.#cancelTiming === "afterCloseSendMs") {
      setTimeout(() => this.#controller.abort(), this.#cancelNumber);
    }
  }

  /** Returns the time at which to cancel. If the case does not say, it is immediately after the requests. */
  get #cancelTiming(): string | undefined {
    return this.request.cancel && (this.request.cancel.cancelTiming.case ?? "afterCloseSendMs");
  }

  get #cancelNumber(): number {
    const value = this.request.cancel?.cancelTiming.value;
    return typeof value === "number" ? value : 0;
  }

  #notePayload({ payload }: Response): void {
    this.#result.payloads.push(payload ?? create(ConformancePayloadSchema));
  }

  /**
   * If the call has neither headers nor trailers, the metadata of its error is reported as trailers, as the suite
   * requires.
   */
  #noteError(error: ConnectError): void {
    this.#result.error = errorMessage(error);
    if (this.#result.responseTrailers.length === 0) {
      this.#result.responseTrailers = headerMessages(error.metadata);
    }
  }
}
