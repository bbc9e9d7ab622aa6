import { createContextKey } from "@connectrpc/connect";

/**
 * The context value that tells whether a call waits for the server to be reachable, as long as its deadline allows,
 * instead of failing with Unavailable at once (https://github.com/grpc/grpc/blob/master/doc/wait-for-ready.md). It
 * overrides the channel's `waitForReady` for one call:
 *
 * ```ts
 * await backend.getStatus({}, { contextValues: createContextValues().set(waitForReady, true) });
 * ```
 */
export const waitForReady = createContextKey<boolean | undefined>(undefined, { description: "wait for ready" });
