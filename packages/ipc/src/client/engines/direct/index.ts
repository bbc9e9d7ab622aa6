/**
 * The engine of our own: gRPC on `@vyra/http2`. A call is one object (`unary-call.ts`, `stream-call.ts`), which is its own entry
 * in the list of deadlines, its own handler of what the stream says and its own listener of the caller's signal; nothing is
 * made before somebody reads it. `method.ts` holds what all calls of a method share, `session.ts` one connection.
 */
export { createDirectTransport } from "./transport.js";
