import { createContextKey, type Interceptor } from "@connectrpc/connect";
import { withValue } from "./context-value.js";
import { withGuardedSignal } from "./request.js";

/**
 * The context value in which a client's interceptors find the address that the channel was created for,
 * `unix:/tmp/x_ipc.sock`. It is set only on clients, so an interceptor can tell by it on which side it runs.
 */
export const targetKey = createContextKey<string | undefined>(undefined, { description: "the server's address" });

/** Creates the first interceptor of a transport that has any, which tells the others the server's address. */
export function toTarget(address: string): Interceptor {
  return (next) => (req) => next(withGuardedSignal(req, withValue(req.contextValues, targetKey, address)));
}
