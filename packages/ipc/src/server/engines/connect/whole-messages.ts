import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { incompleteMessage, isEnveloped, isGrpcFamily } from "../../../grpc/index.js";
import type { BodyForm } from "../../../messages/bytes-inbox.js";
import { EnvelopeMeter } from "../../../messages/envelope-meter.js";
import type { Handler } from "./affordable-handler.js";
import type { ConnectHeaders } from "./headers.js";

/**
 * Returns a request's bytes and fails if they end within a message, if messages have envelopes. Connect mistakes an
 * envelope without its message for a regular end.
 *
 * @param headers the headers of the response, which are told when bytes have arrived
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
    // The codes are those of the specifications of gRPC and of Connect.
    return isGrpcFamily(contentType) ? error : new ConnectError(error.rawMessage, Code.InvalidArgument);
  });
}

/** Returns the form of a request's body, which the request's fields and the method tell. */
export function formOf({ method, readMaxBytes }: Handler, fieldOf: (name: string) => string | undefined): BodyForm {
  const contentLength = Number.parseInt(fieldOf("content-length") ?? "", 10);
  return {
    isEnveloped: isEnveloped(fieldOf("content-type") ?? ""),
    contentLength: Number.isNaN(contentLength) ? undefined : contentLength,
    readMaxBytes,
    isSingle: hasOneRequest(method),
  };
}

/** Tells whether a method takes one request message, which the caller sends at once. */
export function hasOneRequest({ methodKind }: DescMethod): boolean {
  return methodKind === "unary" || methodKind === "server_streaming";
}

/**
 * Removes the content-length from the fields of a request, since Connect's handlers would allocate that much memory
 * before any of the body has arrived. A content-length above `readMaxBytes` is kept, so that they refuse the request.
 */
export function withoutLength(header: Headers, { readMaxBytes }: Handler): Headers {
  if (!(Number(header.get("content-length")) > readMaxBytes)) {
    header.delete("content-length");
  }
  return header;
}

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
