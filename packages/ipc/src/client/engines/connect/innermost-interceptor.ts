import { Code, ConnectError, type Interceptor, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import { performance } from "../../../time/real-timers.js";
import { noteDeadline, remainingMs } from "../../../time/signal-deadline.js";
import { isServerStatus } from "./response-status.js";
import { type Linked, linked, withConnectErrors } from "./safe-inputs.js";

/**
 * The innermost interceptor. Whatever other interceptors have done to the signal and the requests, Connect gets from it
 * what it can handle. It also turns errors of reading a response to Internal, as gRPC specifies: only a server may fail
 * a call with InvalidArgument.
 */
export const innermost: Interceptor = (next) => async (req) => {
  const link = linked(req.signal);
  const leftMs = remainingMs(req.signal);
  if (leftMs !== undefined) {
    noteDeadline(link.signal, performance.now() + leftMs);
  }
  const thrown = new WeakSet<ConnectError>();
  const translated = (error: unknown) =>
    link.signal.aborted || (error instanceof ConnectError && thrown.has(error)) ? error : unreadable(error);
  try {
    const res = await next(withSignal(req, link, thrown));
    if (res.stream) {
      return { ...res, message: until(res.message, link, translated) };
    }
    link.release();
    return res;
  } catch (error) {
    link.release();
    throw translated(error);
  }
};

function withSignal(
  req: UnaryRequest | StreamRequest,
  { signal }: Linked,
  thrown: WeakSet<ConnectError>,
): UnaryRequest | StreamRequest {
  return req.stream
    ? { ...req, signal, message: withConnectErrors(req.message, (error) => thrown.add(error)) }
    : { ...req, signal };
}

function unreadable(error: unknown): unknown {
  return error instanceof ConnectError && error.code === Code.InvalidArgument && !isServerStatus(error)
    ? new ConnectError(error.rawMessage, Code.Internal, error.metadata, undefined, error)
    : error;
}

async function* until<T>(
  messages: AsyncIterable<T>,
  link: Linked,
  translated: (error: unknown) => unknown,
): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw translated(error);
  } finally {
    link.release();
  }
}
