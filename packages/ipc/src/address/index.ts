/**
 * Where a server lives, who owns the name, and who is on the other end. Knows no RPC.
 *
 * The threat: in a shared folder such as /tmp anyone can put a file at a name, leave a dead socket behind, or start a
 * second server. What this folder promises: a name has one owner at a time, held by a lock that dies with its process
 * (`lock.ts`); nothing that is not provably dead and ours is ever removed (`publish.ts`, `probe.ts`); a socket appears at
 * its name complete, with its rights, in one step (`publish.ts`); and either end can tell who the other is (`trust.ts`,
 * `peer-credentials.ts`). What the caller must do: call `Published.unpublish()` when it stops, and accept what is queued
 * before it closes the listener.
 */
export { doAtExit } from "./at-exit.js";
export { AddressError, AddressInUseError, UntrustedSocketError } from "./errors.js";
export { fileError } from "./file-error.js";
export { groupId, userId } from "./ids.js";
export { inheritedFd } from "./inherited.js";
export { bindAbstract, connectAbstract, hasLibc } from "./libc.js";
export { notifyManager } from "./notify.js";
export { prepareOwnFolder } from "./own-folder.js";
export { credentialsOf, type PeerCredentials } from "./peer-credentials.js";
export type { Published, PublishOptions } from "./publish.js";
export { listenAt, publish } from "./publish.js";
export type { AbstractAddress, AddressNamedBy, PathAddress, SocketAddress } from "./resolve.js";
export { resolveSocket, shownAddress } from "./resolve.js";
export { assertTrusted, isTrusted } from "./trust.js";
export { isMappedGroup, isMappedUser, isOwnUserOrRoot } from "./user.js";
