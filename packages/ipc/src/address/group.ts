import { readFileSync } from "node:fs";

/** The id of a group by its name, from /etc/group. @throws {RangeError} if there is none. */
export function groupId(group: string | number): number {
  if (typeof group === "number") {
    return group;
  }
  for (const line of readFileSync("/etc/group", "utf8").split("\n")) {
    const [name, , gid] = line.split(":");
    if (name === group) {
      return Number(gid);
    }
  }
  throw new RangeError(`there is no group ${JSON.stringify(group)} in /etc/group: give its number`);
}
