import type {
  HandlerContext,
  Interceptor,
  StreamRequest,
  StreamResponse,
  UnaryRequest,
  UnaryResponse,
} from "@connectrpc/connect";
import { type LazyContext, plainContext } from "./context.js";

/** Runs the innermost part of a call, inside of its interceptors. */
export type Terminal = (message: unknown, context: HandlerContext) => unknown;

/**
 * Runs a call through interceptors as Connect does: the chain is built for each call, requests and responses are plain
 * objects, and inner interceptors see the signal, headers and context values that outer ones have set.
 *
 * @param invoke returns the response message, or for a stream its messages
 * @returns what the outermost interceptor returned
 */
export async function intercepted(
  interceptors: readonly Interceptor[],
  context: LazyContext,
  stream: boolean,
  message: unknown,
  invoke: Terminal,
): Promise<unknown> {
  const { method, service, responseHeader, responseTrailer } = context;
  let next = async (req: UnaryRequest | StreamRequest): Promise<UnaryResponse | StreamResponse> => {
    const own = plainContext(context, {
      service: req.service,
      requestHeader: req.header,
      signal: req.signal,
      values: req.contextValues,
    });
    return {
      stream,
      message: await invoke(req.message, own),
      method,
      service,
      header: responseHeader,
      trailer: responseTrailer,
    } as UnaryResponse | StreamResponse;
  };
  for (const interceptor of [...interceptors].reverse()) {
    next = interceptor(next);
  }
  const res = await next({
    stream,
    message,
    method,
    service,
    requestMethod: context.requestMethod,
    url: context.url,
    signal: context.signal,
    header: context.requestHeader,
    contextValues: context.values,
  } as UnaryRequest | StreamRequest);
  adopt(res.header, responseHeader);
  if (!res.stream) {
    adopt(res.trailer, responseTrailer);
    return res.message;
  }
  return withTrailer(res, responseTrailer);
}

/** Yields a stream's messages and then adopts its trailers, which are complete only then. */
async function* withTrailer(res: StreamResponse, trailer: Headers): AsyncIterable<unknown> {
  yield* res.message;
  adopt(res.trailer, trailer);
}

function adopt(from: Headers, to: Headers): void {
  if (from !== to) {
    for (const name of [...to.keys()]) {
      to.delete(name);
    }
    for (const [name, value] of from) {
      to.append(name, value);
    }
  }
}
