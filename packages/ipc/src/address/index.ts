/**
 * This folder deals with the addresses of servers, the ownership of addresses, and the identity of peers. It does not
 * depend on RPC.
 *
 * The threat is that in a shared folder such as /tmp anyone can put a file at a path, leave a dead socket behind, or
 * start a second server. This folder guarantees that:
 * - a path has one owner at a time, by a lock that ends with its process (`lock.ts`);
 * - a socket is only removed if it is ours and proven to be dead (`publish.ts`, `probe.ts`);
 * - a socket appears at its path in one step, with its permissions set (`publish.ts`);
 * - either end can find out who the other is (`trust.ts`, `peer-credentials.ts`).
 *
 * The caller must call `Published.unpublish()` when it stops, and accept the queued connections before it closes the
 * listener.
 */
export { cleanUpAtExit } from "./at-exit.js";
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
