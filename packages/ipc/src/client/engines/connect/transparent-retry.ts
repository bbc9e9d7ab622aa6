import { ConnectError, type Interceptor, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import { ConnectionError, ErrorCode } from "@vyra/http2";
import { NotProcessedError } from "../../../grpc/index.js";

/**
 * The reason why a call was not processed: the server is leaving without reporting an error of this client, so the call
 * can be retried on another connection.
 */
export class GracefulGoAwayError extends ConnectionError {
  constructor(message: string, cause: unknown, peerReason?: string) {
    super(ErrorCode.NO_ERROR, message, "peer", cause, peerReason);
  }
}

/** How often a call is retried on another connection after the server has not processed it, before the call fails. */
const maxTransparentRetries = 16;

/**
 * An interceptor that retries a call which the server has not processed, as it said in a GOAWAY (RFC 9113 §6.8): a
 * transparent retry of gRFC A6. Only calls with a single request are retried, since those with more have sent some and
 * do not keep them.
 */
export const transparentRetry: Interceptor = (next) => async (req) => {
  const again = await repeatable(req);
  for (let retries = 0; ; retries++) {
    try {
      return await next(again === undefined ? req : again());
    } catch (error) {
      if (again === undefined || retries === maxTransparentRetries || req.signal.aborted || !isGracefulGoAway(error)) {
        throw error;
      }
    }
  }
};

function isGracefulGoAway(error: unknown): boolean {
  return (
    error instanceof ConnectError &&
    error.cause instanceof NotProcessedError &&
    error.cause.cause instanceof GracefulGoAwayError
  );
}

/** Returns a function that provides the same request again; undefined if that is impossible. */
async function repeatable(
  req: UnaryRequest | StreamRequest,
): Promise<(() => UnaryRequest | StreamRequest) | undefined> {
  if (!req.stream) {
    return () => req;
  }
  if (req.method.methodKind !== "server_streaming") {
    return undefined;
  }
  const rest = req.message[Symbol.asyncIterator]();
  const first = await rest.next();
  return () => ({ ...req, message: startingWith(first, rest) });
}

/**
 * Yields the first request and the rest, which is empty in a correct call and is left to the attempt that reads so far.
 */
async function* startingWith<T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncIterable<T> {
  if (first.done) {
    return;
  }
  yield first.value;
  yield* { [Symbol.asyncIterator]: () => rest };
}
