import type {
  HandlerContext,
  Interceptor,
  StreamRequest,
  StreamResponse,
  UnaryRequest,
  UnaryResponse,
} from "@connectrpc/connect";
import { CallRequest } from "../../../interceptors/request.js";
import { InterceptedContext, LazyContext } from "./context.js";
import type { Route } from "./route.js";

/**
 * Runs the innermost part of a call, inside of its interceptors. It returns the response message, or for a stream its
 * messages, or a promise of either.
 */
export type Terminal = (message: unknown, context: HandlerContext) => unknown;

type Next = (req: UnaryRequest | StreamRequest) => Promise<UnaryResponse | StreamResponse>;

/**
 * Runs a call through interceptors as Connect does: the chain is built for each call, requests and responses have all
 * properties as their own, and inner interceptors see the signal, headers and context values that outer ones have set.
 *
 * @returns what the outermost interceptor returned as the message or messages
 */
export async function intercepted(
  route: Route,
  context: LazyContext,
  message: unknown,
  terminal: Terminal,
): Promise<unknown> {
  const { requestKind, interceptors } = route;
  const { stream, method, service } = requestKind;
  let next: Next = async (req) =>
    ({
      stream,
      message: await terminal(req.message, new InterceptedContext(context, req)),
      method,
      service,
      header: context.responseHeader,
      trailer: context.responseTrailer,
    }) as UnaryResponse | StreamResponse;
  for (let i = interceptors.length - 1; i >= 0; i--) {
    next = (interceptors[i] as Interceptor)(next);
  }
  const req = new CallRequest(LazyContext.lazySignalOf(context), requestKind, {
    message,
    header: context.requestHeader,
    contextValues: context.values,
  });
  const res = await next(req as UnaryRequest | StreamRequest);
  adopt(res.header, context.responseHeader);
  if (res.stream && res.trailer !== context.responseTrailer) {
    return withTrailer(res, context.responseTrailer);
  }
  adopt(res.trailer, context.responseTrailer);
  return res.message;
}

/** Yields a stream's messages and then adopts its trailers, which are complete only then. */
async function* withTrailer(res: StreamResponse, trailer: Headers): AsyncIterable<unknown> {
  yield* res.message;
  adopt(res.trailer, trailer);
}

function adopt(from: Headers, to: Headers): void {
  if (from !== to) {
    const fields = [...from]; // This throws if an interceptor has set something else.
    for (const name of [...to.keys()]) {
      to.delete(name);
    }
    for (const [name, value] of fields) {
      to.append(name, value);
    }
  }
}
