/**
 * The engine on undici, an optional peer: Connect's gRPC transport over undici's HTTP/2 client, 7.30 or 8.
 *
 * undici makes calls and reads answers; what it lacks for gRPC is mended around it, with nothing but its documented
 * interface. `transport` opens a connection when there is need, `session` is one connection and its calls, `call` is one
 * call as undici's `dispatch()` sees it, `received` are the bytes that came for it. Between undici and the socket stands
 * `wire`, which sees every frame that passes (`frames`).
 */
export { createUndiciTransport } from "./transport.js";
