import { ConnectError, type Interceptor, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import { ConnectionError, ErrorCode } from "@vyra/http2";
import { NotProcessedError } from "../../../grpc/index.js";

/** Why a call was not looked at: the server is leaving, for no fault of ours, and another connection may be had. */
export class GracefulGoAwayError extends ConnectionError {
  constructor(message: string, cause: unknown, peerReason?: string) {
    super(ErrorCode.NO_ERROR, message, "peer", cause, peerReason);
  }
}

/** How often a call goes to another connection because the server said it had not looked at it, before its caller is told. */
const maxTransparentRetries = 16;

/**
 * An interceptor that makes a call anew where the server said in a GOAWAY that it had not looked at it (RFC 9113 §6.8), as gRPC's
 * transparent retries have it. Only calls with one request are: those with more have sent some, and keep none.
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

/** Gives the same request once more each time; undefined where it cannot be had again. */
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

/** The rest, which is empty in a call that is as it should be, is left to the attempt that gets as far as reading it. */
async function* startingWith<T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncIterable<T> {
  if (first.done) {
    return;
  }
  yield first.value;
  yield* { [Symbol.asyncIterator]: () => rest };
}
