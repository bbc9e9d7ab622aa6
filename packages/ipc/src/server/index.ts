/**
 * The server: `serve()` and what it is made of. `routes` notes what the user registers, an engine speaks HTTP and runs it,
 * `guard` sees that every call is answered, and `service` is all that without a name: it answers on connections that somebody else
 * accepts. `listener` accepts them, `tenure` has the name, `serve` ties both to the process' life, and `cluster` does so across
 * several processes. Nothing here knows of the client.
 */
export { peerKey } from "../interceptors/peer.js";
export { type Authorize, groups, sameUser, users } from "./caller.js";
export {
  type ClusterMember,
  type ClusterPrimary,
  type ClusterWorker,
  type ServeClusterOptions,
  serveCluster,
} from "./cluster/index.js";
export type { ErrorContext, OnError } from "./on-error.js";
export type { ServeOptions } from "./options.js";
export { HeadersSentError, sendHeaders } from "./send-headers.js";
export type { Server } from "./serve.js";
export { serve } from "./serve.js";
