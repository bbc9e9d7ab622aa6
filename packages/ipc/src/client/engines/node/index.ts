/**
 * The reference engine, `"node"`: Connect's gRPC transport over connect-node's HTTP client, with sessions of
 * `node:http2` that are managed here. `attempts.ts` determines the outcome of a call, and `session.ts` is one
 * connection. Corrections of Connect belong to `../connect`.
 */
export { createNodeTransport } from "./transport.js";
