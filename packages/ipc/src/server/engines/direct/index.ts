/**
 * The engine `"direct"`: gRPC on `@vyra/http2`. `engine.ts` finds the route of each request, and `route.ts` holds what
 * all calls of a method share and what follows from a request's headers. A call is one object (`unary-call.ts`,
 * `stream-call.ts`) from its first frame to its last; `context.ts` is what a handler sees of it, created as far as it
 * is read. Calls of other protocols go to Connect's own handlers through `bridge.ts`.
 */
export { createDirectEngine } from "./engine.js";
