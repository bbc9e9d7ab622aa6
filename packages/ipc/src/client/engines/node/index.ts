/**
 * The reference engine: Connect's gRPC transport over connect-node's HTTP client, on sessions of `node:http2` that are ours.
 * `attempts.ts` finds out what became of a call, `session.ts` is one connection; what is mended of Connect stands in `../connect`.
 */
export { createNodeTransport } from "./transport.js";
