import { setTimeout as delay } from "node:timers/promises";
import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type ConformancePayloadSchema,
  type ConformanceService,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "./gen/connectrpc/conformance/v1/service_pb.js";
import { addHeaders, errorOf, headerMessages } from "./messages.js";

type Payload = MessageInitShape<typeof ConformancePayloadSchema>;
type RequestInfo = ConformancePayload_RequestInfo;

/**
 * The service of the suite: a request describes the response, and the response reports what the server has seen of the
 * request.
 */
export const conformanceService: Omit<ServiceImpl<typeof ConformanceService>, "unimplemented"> = {
  unary: (request, ctx) => answer(request.responseDefinition, [anyPack(UnaryRequestSchema, request)], ctx),

  idempotentUnary: (request, ctx) =>
    answer(request.responseDefinition, [anyPack(IdempotentUnaryRequestSchema, request)], ctx),

  async clientStream(requests, ctx) {
    const seen = await collect(ClientStreamRequestSchema, requests);
    return answer(seen.first?.responseDefinition, seen.all, ctx);
  },

  async *serverStream(request, ctx) {
    const answers = new Answers(request.responseDefinition, ctx);
    yield* answers.rest([anyPack(ServerStreamRequestSchema, request)]);
  },

  async *bidiStream(requests, ctx) {
    let answers: Answers | undefined;
    const seen: Any[] = [];
    for await (const request of requests) {
      answers ??= new Answers(request.responseDefinition, ctx, request.fullDuplex);
      seen.push(anyPack(BidiStreamRequestSchema, request));
      if (answers.isFullDuplex) {
        if (answers.isOver) {
          break;
        }
        yield await answers.next(seen.splice(0));
      }
    }
    yield* answers?.rest(seen) ?? [];
  },
};

/** Creates the single response of a unary or client-streaming call. */
async function answer(definition: UnaryResponseDefinition | undefined, requests: Any[], ctx: HandlerContext) {
  addHeaders(ctx.responseHeader, definition?.responseHeaders);
  addHeaders(ctx.responseTrailer, definition?.responseTrailers);
  const requestInfo = infoOf(requests, ctx);
  await pause(definition?.responseDelayMs, ctx);
  switch (definition?.response.case) {
    case "error":
      throw errorOf(definition.response.value, [anyPack(ConformancePayload_RequestInfoSchema, requestInfo)]);
    case "responseData":
      return { payload: { requestInfo, data: definition.response.value } };
    default:
      return { payload: { requestInfo } };
  }
}

/** Creates the responses of a stream, one after the other. */
class Answers {
  #sent = 0;

  constructor(
    private readonly definition: StreamResponseDefinition | undefined,
    private readonly ctx: HandlerContext,
    readonly isFullDuplex = false,
  ) {
    addHeaders(ctx.responseHeader, definition?.responseHeaders);
    addHeaders(ctx.responseTrailer, definition?.responseTrailers);
  }

  get isOver(): boolean {
    return this.#sent >= (this.definition?.responseData.length ?? 0);
  }

  /**
   * Returns the next response. The first one reports the whole call, later ones of a full-duplex call only what has
   * arrived since.
   */
  async next(requests: Any[]): Promise<{ payload: Payload }> {
    const payload = this.#payload(requests);
    await pause(this.definition?.responseDelayMs, this.ctx);
    return { payload };
  }

  #payload(requests: Any[]): Payload {
    const data = this.definition?.responseData[this.#sent] ?? new Uint8Array();
    if (this.#sent++ === 0) {
      return { data, requestInfo: infoOf(requests, this.ctx) };
    }
    return requests.length > 0 ? { data, requestInfo: { requests } } : { data };
  }

  /**
   * Returns the remaining responses, and throws the error if there is one, which reports the call if no response has
   * done so.
   */
  async *rest(requests: Any[]): AsyncIterable<{ payload: Payload }> {
    while (!this.isOver) {
      yield await this.next(this.#sent === 0 ? requests : []);
    }
    if (this.definition?.error !== undefined) {
      const info = () => anyPack(ConformancePayload_RequestInfoSchema, infoOf(requests, this.ctx));
      throw errorOf(this.definition.error, this.#sent === 0 ? [info()] : []);
    }
  }
}

async function collect<T extends DescMessage>(
  schema: T,
  requests: AsyncIterable<MessageShape<T>>,
): Promise<{ first: MessageShape<T> | undefined; all: Any[] }> {
  let first: MessageShape<T> | undefined;
  const all: Any[] = [];
  for await (const request of requests) {
    first ??= request;
    all.push(anyPack(schema, request));
  }
  return { first, all };
}

/** What was seen of a call. */
function infoOf(requests: Any[], ctx: HandlerContext): RequestInfo {
  const timeoutMs = ctx.timeoutMs();
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders: headerMessages(ctx.requestHeader),
    requests,
    ...(timeoutMs !== undefined && { timeoutMs: BigInt(Math.round(timeoutMs)) }),
    ...(ctx.requestMethod === "GET" && {
      connectGetInfo: { queryParams: headerMessages(new URL(ctx.url).searchParams) },
    }),
  });
}

async function pause(ms = 0, { signal }: HandlerContext): Promise<void> {
  if (ms > 0) {
    await delay(ms, undefined, { signal });
  }
}
