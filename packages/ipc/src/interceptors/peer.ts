import { createContextKey } from "@connectrpc/connect";
import type { PeerCredentials } from "../address/index.js";

/**
 * The context value in which handlers and interceptors of a server find the caller's credentials, as the kernel reports
 * them; undefined where it does not.
 */
export const peerKey = createContextKey<PeerCredentials | undefined>(undefined, {
  description: "the peer's credentials",
});
