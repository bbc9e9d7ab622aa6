import type { DescMethod, DescMethodStreaming, DescMethodUnary, Message } from "@bufbuild/protobuf";
import type { StreamResponse, UnaryResponse } from "@connectrpc/connect";
import type { Connection } from "./connection.js";

/** The options of one call. */
export interface CallOptions {
  readonly headers: Headers;
  readonly timeoutMs: number | undefined;
  readonly signal?: AbortSignal;
}

/** The response of a call: metadata, messages, and trailing metadata. */
export interface CallResponse {
  readonly header: Headers;
  readonly messages: AsyncIterable<Message> | Iterable<Message>;
  /** The trailing metadata. It is complete when all messages have been read. */
  readonly trailer: Headers;
}

/** Calls a method of any kind by its descriptor. */
export async function callMethod(
  { transport }: Connection,
  method: DescMethod,
  requests: AsyncIterable<Message> | Message,
  { headers, timeoutMs, signal }: CallOptions,
): Promise<CallResponse> {
  if (method.methodKind === "unary") {
    const response: UnaryResponse = await transport.unary(
      method as DescMethodUnary,
      signal,
      timeoutMs,
      headers,
      requests as Message,
    );
    return { header: response.header, messages: [response.message], trailer: response.trailer };
  }
  const response: StreamResponse = await transport.stream(
    method as DescMethodStreaming,
    signal,
    timeoutMs,
    headers,
    isStream(requests) ? requests : streamOf([requests]),
  );
  return { header: response.header, messages: response.message, trailer: response.trailer };
}

/** Whether the method takes a stream of requests. */
export function takesStream({ methodKind }: DescMethod): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
}

/** Whether the method responds with a stream. */
export function givesStream({ methodKind }: DescMethod): boolean {
  return methodKind === "server_streaming" || methodKind === "bidi_streaming";
}

function isStream(requests: AsyncIterable<Message> | Message): requests is AsyncIterable<Message> {
  return Symbol.asyncIterator in requests;
}

/** A stream of messages that are there already. */
export async function* streamOf(messages: readonly Message[]): AsyncIterable<Message> {
  yield* messages;
}
