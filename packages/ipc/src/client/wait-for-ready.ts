import { createContextKey } from "@connectrpc/connect";

/**
 * Whether a call waits for the server to be there, as long as its deadline allows, instead of failing with Unavailable at once
 * (https://github.com/grpc/grpc/blob/master/doc/wait-for-ready.md). Overrules the channel's `waitForReady` for one call:
 *
 * ```ts
 * await backend.getStatus({}, { contextValues: createContextValues().set(waitForReady, true) });
 * ```
 */
export const waitForReady = createContextKey<boolean | undefined>(undefined, { description: "wait for ready" });
