/**
 * The engine `"direct"`: gRPC on `@vyra/http2`. A call is one object (`unary-call.ts`, `stream-call.ts`), which is also
 * its own entry in the list of deadlines, its own handler of stream events and its own listener of the caller's signal;
 * other objects are created only when they are read. `method.ts` holds what all calls of a method share, `session.ts`
 * is one connection, and `intercepted-calls.ts` runs calls through interceptors.
 */
export { createDirectTransport } from "./transport.js";
