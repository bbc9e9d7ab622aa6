/**
 * The server: `serve()` and its parts. `options` are checked and completed here; `name` takes an address and listens
 * there; `engines` speak HTTP and run the user's routes; `unbound-server` is a server without a name, which answers
 * calls on connections accepted elsewhere; `serve` joins both and ties them to signals of the process; `cluster` does
 * so across several processes. Nothing here knows of the client.
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
