/**
 * The engine `"undici"`: Connect's gRPC transport over the HTTP/2 client of undici, 7.30 or 8, an optional peer
 * dependency.
 *
 * undici makes calls and reads responses. What it lacks for gRPC is added around it, using only its documented
 * interface. `transport` opens connections when needed, `session` is one connection with its calls, `call` is one call
 * as undici's `dispatch()` sees it, and `response-body` holds the bytes received for it. `wire` stands between undici
 * and the socket and examines every frame (`frames`).
 */
export { createUndiciTransport } from "./transport.js";
