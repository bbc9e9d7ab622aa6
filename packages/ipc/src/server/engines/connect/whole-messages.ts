import { Code, ConnectError } from "@connectrpc/connect";
import { incompleteMessage } from "../../../grpc/index.js";
import { EnvelopeMeter } from "../../../messages/envelope-meter.js";
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
    return contentType.startsWith(grpcType) ? error : new ConnectError(error.rawMessage, Code.InvalidArgument);
  });
}

/** Tells by the content type whether messages have envelopes; otherwise the body is one message. */
export function isEnveloped(contentType: string): boolean {
  return contentType.startsWith(grpcType) || contentType.startsWith("application/connect+");
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
