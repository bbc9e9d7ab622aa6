import { Code, ConnectError } from "@connectrpc/connect";
import { incompleteMessage } from "../../../grpc/index.js";
import { EnvelopeMeter } from "../../../messages/envelope-meter.js";
import type { ConnectHeaders } from "./headers.js";

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
