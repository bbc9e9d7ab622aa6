/**
 * Where a server lives, who owns the name, and who may be dialled there. Knows no RPC.
 *
 * The threat: in a shared folder such as /tmp anyone can put a file at a name, leave a dead socket behind, or start a
 * second server. What this folder promises: a name has one owner at a time, held by a lock that dies with its process
 * (`lock.ts`); nothing that is not provably dead and ours is ever removed (`publish.ts`, `probe.ts`); a socket appears at
 * its name complete, with its rights, in one step (`publish.ts`); and a client can tell whose socket it is about to dial
 * (`trust.ts`). What the caller must do: call `Published.unpublish()` when it stops, and `release()` once it has.
 */
export { AddressError, AddressInUseError } from "./errors.js";
export type { Published, PublishOptions } from "./publish.js";
export { publish } from "./publish.js";
export type { SocketAddress } from "./resolve.js";
export { resolveSocket } from "./resolve.js";
export { assertTrusted, UntrustedSocketError } from "./trust.js";
