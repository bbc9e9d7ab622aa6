import { createContextKey, type Interceptor } from "@connectrpc/connect";
import { withValue } from "./context-value.js";

/**
 * In the context values of calls that a client makes: the address that its channel was created for, `unix:/tmp/x_ipc.sock`. An
 * interceptor that sees it stands on the client's side.
 */
export const targetKey = createContextKey<string | undefined>(undefined, { description: "the server's address" });

/** The first interceptor of a transport that has any: tells the others where calls go. */
export function toTarget(address: string): Interceptor {
  return (next) => (req) => next({ ...req, contextValues: withValue(req.contextValues, targetKey, address) });
}
