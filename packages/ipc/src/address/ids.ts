import { readFileSync } from "node:fs";

/**
 * Returns the id of a user: the one that /etc/passwd has for its name, or the id itself.
 *
 * @throws {RangeError} for an unknown name, and for a number that is not an id.
 */
export function userId(user: string | number): number {
  return idOf(user, "user", "/etc/passwd");
}

/**
 * Returns the id of a group: the one that /etc/group has for its name, or the id itself.
 *
 * @throws {RangeError} for an unknown name, and for a number that is not an id.
 */
export function groupId(group: string | number): number {
  return idOf(group, "group", "/etc/group");
}

/**
 * Finds an id by its name. In both files a line begins with the name, another field, and the id: passwd(5), group(5).
 */
function idOf(nameOrId: string | number, kind: "user" | "group", file: string): number {
  if (typeof nameOrId === "number") {
    // For chown(2), -1 means that the owner does not change.
    if (!Number.isInteger(nameOrId) || nameOrId < 0) {
      throw new RangeError(`${nameOrId} is not a ${kind} id`);
    }
    return nameOrId;
  }
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [name, , id] = line.split(":");
    if (name === nameOrId) {
      return Number(id);
    }
  }
  throw new RangeError(`there is no ${kind} ${JSON.stringify(nameOrId)} in ${file}: use the numeric id`);
}
