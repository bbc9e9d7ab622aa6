import { readFileSync } from "node:fs";

/** The id of a user by its name in /etc/passwd. @throws {RangeError} for an unknown name, and a number that is not an id. */
export function userId(user: string | number): number {
  return idOf(user, "user", "/etc/passwd");
}

/** The id of a group by its name in /etc/group. @throws {RangeError} for an unknown name, and a number that is not an id. */
export function groupId(group: string | number): number {
  return idOf(group, "group", "/etc/group");
}

/** In both files a line begins with the name, a field that is not used here, and the id: passwd(5), group(5). */
function idOf(nameOrId: string | number, kind: "user" | "group", file: string): number {
  if (typeof nameOrId === "number") {
    // chown(2) reads -1 as "leave it as it is".
    if (!Number.isInteger(nameOrId) || nameOrId < 0) {
      throw new RangeError(`${nameOrId} is no ${kind}'s id`);
    }
    return nameOrId;
  }
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [name, , id] = line.split(":");
    if (name === nameOrId) {
      return Number(id);
    }
  }
  throw new RangeError(`there is no ${kind} ${JSON.stringify(nameOrId)} in ${file}: give its number`);
}
