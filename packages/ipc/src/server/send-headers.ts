import type { HandlerContext } from "@connectrpc/connect";

/** Under what a context has what sends its call's headers. Spreading a context, as interceptors do, keeps it. */
export const sendingHeaders = Symbol.for("@vyra/ipc: sends the headers");

/** The headers of an answer had left when `sendHeaders()` was called. */
export class HeadersSentError extends Error {
  override readonly name = "HeadersSentError";
  readonly code = "VYRA_IPC_HEADERS_SENT";

  constructor(
    /** The method's name, as in "greet.GreetService/Count". */
    readonly method: string,
  ) {
    super(`the headers of ${method} have left already: call sendHeaders() once, before the first message`);
  }
}

/**
 * Sends the headers of a call's answer now, as `sendMetadata()` of grpc-js and `SendHeader()` of grpc-go do: what has been set in
 * `context.responseHeader` so far. Without it they leave with the first message, or those of a stream of answers 1 s after the
 * handler has begun. What is set in `context.responseHeader` later arrives with the trailers.
 *
 * Nothing happens where the headers have left because the second was over, where the call is over, and in a unary call of the Connect
 * protocol, whose HTTP status is not known before its answer is.
 *
 * @param context a handler's own, or one that an interceptor or the handler has made of it by spreading
 * @throws {HeadersSentError} after the first message, and when called twice.
 * @throws {TypeError} for a context that no server of `serve()` has made, such as that of Connect's `createRouterTransport()`.
 */
export function sendHeaders(context: HandlerContext): void {
  const send: unknown = Reflect.get(Object(context), sendingHeaders);
  if (typeof send !== "function") {
    throw new TypeError("sendHeaders() takes the context that a server of serve() has given to a handler");
  }
  send.call(context);
}
