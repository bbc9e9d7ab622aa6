import type { HandlerContext } from "@connectrpc/connect";

/** The property of a context that sends the headers of its call. Spreading a context, as interceptors do, keeps it. */
export const sendingHeaders = Symbol.for("@vyra/ipc: sends the headers");

/** Thrown by `sendHeaders()` if the headers of the response have already been sent. */
export class HeadersSentError extends Error {
  override readonly name = "HeadersSentError";
  /** The code of this class of errors; docs/reference/errors.md lists all codes. */
  readonly code = "VYRA_IPC_HEADERS_SENT";

  constructor(
    /** The name of the method, `package.Service/Method`. */
    readonly method: string,
  ) {
    super(`the headers of ${method} were already sent: call sendHeaders() once, before the first message`);
  }
}

/**
 * Sends the headers of a call's response now, with what has been set in `context.responseHeader` so far, like
 * `sendMetadata()` of grpc-js and `SendHeader()` of grpc-go. Otherwise they are sent with the first message, or, if
 * responses are streamed, after the handler has run for 1 s without one. What is set in `context.responseHeader` later
 * arrives with the trailers.
 *
 * It has no effect
 * - if the headers were sent because that second was over,
 * - if the call is over,
 * - in a unary call of the Connect protocol, whose HTTP status is not known before its result is.
 *
 * @param context the handler's own context, or one that an interceptor or the handler has made of it by spreading
 * @throws {HeadersSentError} after the first message, and if called twice.
 * @throws {TypeError} for a context that was not created by a server of `serve()`, such as that of Connect's
 *   `createRouterTransport()`.
 */
export function sendHeaders(context: HandlerContext): void {
  const send: unknown = Reflect.get(Object(context), sendingHeaders);
  if (typeof send !== "function") {
    throw new TypeError("sendHeaders() needs the context that a server of serve() has passed to a handler");
  }
  send.call(context);
}
