import { Code, ConnectError } from "@connectrpc/connect";
import { EnvelopeMeter, incompleteMessage } from "../grpc/index.js";

/**
 * A request's bytes, which have to end between two messages where these have envelopes. Connect does not miss the rest of a message
 * of which only the envelope came.
 */
export function wholeMessages(body: AsyncIterable<Uint8Array>, contentType: string): AsyncIterable<Uint8Array> {
  const isGrpc = contentType.startsWith("application/grpc");
  if (!isGrpc && !contentType.startsWith("application/connect+")) {
    return body;
  }
  return measured(body, () => {
    const error = incompleteMessage();
    // By the specifications of gRPC, and of Connect.
    return isGrpc ? error : new ConnectError(error.rawMessage, Code.InvalidArgument);
  });
}

async function* measured(body: AsyncIterable<Uint8Array>, incomplete: () => ConnectError): AsyncIterable<Uint8Array> {
  const meter = new EnvelopeMeter();
  for await (const chunk of body) {
    meter.add(chunk);
    yield chunk;
  }
  if (!meter.isAtEnd) {
    throw incomplete();
  }
}
