import { readFileSync } from "node:fs";

/**
 * Tells whether a user id that the kernel reports identifies one user. In a user namespace, such as that of a rootless
 * container, the kernel reports every user that the namespace does not map as the overflow id, 65534 by default
 * (user_namespaces(7)). Such users cannot be told apart, so the overflow id never counts as our own, as trusted or as
 * listed, even if it is the id of this process. If the namespace maps the overflow id, as outside of containers, it is
 * an ordinary user ("nobody").
 */
export function isMappedUser(uid: number): boolean {
  return isMapped(uid, "uid");
}

/** Tells whether a group id that the kernel reports identifies one group; see {@link isMappedUser}. */
export function isMappedGroup(gid: number): boolean {
  return isMapped(gid, "gid");
}

/** Tells whether this is the effective user id of this process. */
export function isOwnUser(uid: number): boolean {
  return uid === process.geteuid?.() && isMappedUser(uid);
}

/** Tells whether this is the effective user id of this process, or that of root, who has all permissions anyway. */
export function isOwnUserOrRoot(uid: number): boolean {
  return uid === 0 || isOwnUser(uid);
}

const overflowIds: { uid?: number; gid?: number } = {};

function isMapped(id: number, kind: "uid" | "gid"): boolean {
  overflowIds[kind] ??= overflowId(kind);
  // The map of a namespace is written once, but perhaps after this process has started. Therefore it is not cached.
  return id !== overflowIds[kind] || hasInMap(id, kind);
}

/** Returns the overflow id, or -1, which no user has, if the system has none. */
function overflowId(kind: "uid" | "gid"): number {
  try {
    return Number(readFileSync(`/proc/sys/kernel/overflow${kind}`, "latin1"));
  } catch {
    return -1;
  }
}

/**
 * Tells whether the namespace maps this id. A line has the first id inside, the first one outside, and their number.
 */
function hasInMap(id: number, kind: "uid" | "gid"): boolean {
  let map: string;
  try {
    map = readFileSync(`/proc/self/${kind}_map`, "latin1");
  } catch {
    return true; // a kernel without user namespaces
  }
  return map.split("\n").some((line) => {
    const [first = Number.NaN, , count = 0] = line.trim().split(/\s+/).map(Number);
    return line !== "" && id >= first && id < first + count;
  });
}
