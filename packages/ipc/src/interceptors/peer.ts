import { createContextKey } from "@connectrpc/connect";
import type { PeerCredentials } from "../address/index.js";

/** In the context values of handlers and interceptors: who called, as the kernel says; undefined where it cannot tell. */
export const peerKey = createContextKey<PeerCredentials | undefined>(undefined, {
  description: "the peer's credentials",
});
