/**
 * The engine of our own: gRPC on `@vyra/http2`. `engine.ts` finds the route of each request, `route.ts` holds what all calls of a
 * method share and what can be told from a request's headers, and a call is one object (`unary-call.ts`, `stream-call.ts`) from
 * its first frame to its last; `context.ts` is what a handler sees of it, made as far as it looks. What is not gRPC goes to
 * Connect's own handlers over `bridge.ts`.
 */
export { createDirectEngine } from "./engine.js";
