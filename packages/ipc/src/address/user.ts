import { readFileSync } from "node:fs";

/**
 * Whether a user id that the kernel shows is somebody's. In a user namespace (a rootless container, say) everybody whom it does not
 * map is shown as the overflow id, 65534 by default (user_namespaces(7)): many users, of whom none can be told from another. Who is
 * shown so is never ourselves, trusted or on a list, even if this process is shown so itself. Where the namespace maps that id, as on
 * the machine itself, it is a user like any other ("nobody").
 */
export function isMappedUser(uid: number): boolean {
  return isMapped(uid, "uid");
}

/** The same for a group id. */
export function isMappedGroup(gid: number): boolean {
  return isMapped(gid, "gid");
}

/** Whether this is the user that this process acts as. */
export function isOwnUser(uid: number): boolean {
  return uid === process.geteuid?.() && isMappedUser(uid);
}

/** Whether this is the user that this process acts as, or root, who may do everything anyway. */
export function isOwnUserOrRoot(uid: number): boolean {
  return uid === 0 || isOwnUser(uid);
}

const overflowIds: { uid?: number; gid?: number } = {};

function isMapped(id: number, kind: "uid" | "gid"): boolean {
  overflowIds[kind] ??= overflowId(kind);
  // A namespace's map is written once, perhaps after this process has begun, so it is looked at each time.
  return id !== overflowIds[kind] || hasInMap(id, kind);
}

/** -1, which nobody has, where there is no such thing. */
function overflowId(kind: "uid" | "gid"): number {
  try {
    return Number(readFileSync(`/proc/sys/kernel/overflow${kind}`, "latin1"));
  } catch {
    return -1;
  }
}

/** A map's lines: the first id inside, the first outside, how many. */
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
