import type { DescMethod, DescMethodStreaming, DescMethodUnary, Message } from "@bufbuild/protobuf";
import type { StreamResponse, UnaryResponse } from "@connectrpc/connect";
import type { Connection } from "./connection.js";

/** How one call is made. */
export interface CallOptions {
  readonly headers: Headers;
  readonly timeoutMs: number | undefined;
  readonly signal?: AbortSignal;
}

/** What a call brings: metadata first, messages, metadata at the end. */
export interface Answer {
  readonly header: Headers;
  readonly messages: AsyncIterable<Message> | Iterable<Message>;
  /** Complete when the messages have been taken. */
  readonly trailer: Headers;
}

/** Calls a method of any kind by its description. */
export async function callMethod(
  { transport }: Connection,
  method: DescMethod,
  requests: AsyncIterable<Message> | Message,
  { headers, timeoutMs, signal }: CallOptions,
): Promise<Answer> {
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
    isStream(requests) ? requests : once(requests),
  );
  return { header: response.header, messages: response.message, trailer: response.trailer };
}

/** Whether the method takes a stream of requests. */
export function takesStream({ methodKind }: DescMethod): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
}

/** Whether the method answers with a stream. */
export function givesStream({ methodKind }: DescMethod): boolean {
  return methodKind === "server_streaming" || methodKind === "bidi_streaming";
}

function isStream(requests: AsyncIterable<Message> | Message): requests is AsyncIterable<Message> {
  return Symbol.asyncIterator in requests;
}

async function* once(message: Message): AsyncIterable<Message> {
  yield message;
}
