import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type BodyForm, EnvelopeMeter, incompleteMessage } from "../grpc/index.js";
import type { ConnectHeaders } from "./connect-headers.js";
import type { Handler } from "./routes.js";

/**
 * A request's bytes, which have to end between two messages where these have envelopes. Connect does not miss the rest of a message
 * of which only the envelope came.
 *
 * @param headers of the answer, which are told that something has come
 */
export function wholeMessages(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  headers: ConnectHeaders | undefined,
): AsyncIterable<Uint8Array> {
  if (!isEnveloped(contentType)) {
    return body;
  }
  return measured(body, headers, () => {
    const error = incompleteMessage();
    // By the specifications of gRPC, and of Connect.
    return contentType.startsWith(grpcType) ? error : new ConnectError(error.rawMessage, Code.InvalidArgument);
  });
}

/** Whether the messages of such a body have envelopes; otherwise it is one message. */
export function isEnveloped(contentType: string): boolean {
  return contentType.startsWith(grpcType) || contentType.startsWith("application/connect+");
}

/** What a request's body is, by its fields. */
export function formOf({ method, readMaxBytes }: Handler, fieldOf: (name: string) => string | undefined): BodyForm {
  const contentLength = Number.parseInt(fieldOf("content-length") ?? "", 10);
  return {
    isEnveloped: isEnveloped(fieldOf("content-type") ?? ""),
    contentLength: Number.isNaN(contentLength) ? undefined : contentLength,
    readMaxBytes,
    isSingle: hasOneRequest(method),
  };
}

/** Whether a method takes one message, which comes at once. */
export function hasOneRequest({ methodKind }: DescMethod): boolean {
  return methodKind === "unary" || methodKind === "server_streaming";
}

/**
 * The fields of a request without its length, for which Connect's handlers would allocate memory before anything of it has come. That it is
 * too large is left for them to say.
 */
export function withoutLength(header: Headers, { readMaxBytes }: Handler): Headers {
  if (!(Number(header.get("content-length")) > readMaxBytes)) {
    header.delete("content-length");
  }
  return header;
}

const grpcType = "application/grpc";

async function* measured(
  body: AsyncIterable<Uint8Array>,
  headers: ConnectHeaders | undefined,
  incomplete: () => ConnectError,
): AsyncIterable<Uint8Array> {
  const meter = new EnvelopeMeter();
  for await (const chunk of body) {
    meter.add(chunk);
    headers?.requestComes();
    yield chunk;
  }
  if (!meter.isAtEnd) {
    throw incomplete();
  }
}
