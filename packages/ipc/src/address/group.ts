import { readFileSync } from "node:fs";

/** The id of a group by its name, from /etc/group. @throws {RangeError} if there is none, or can be none. */
export function groupId(group: string | number): number {
  if (typeof group === "number") {
    // chown(2) reads -1 as "leave it as it is".
    if (!Number.isInteger(group) || group < 0) {
      throw new RangeError(`${group} is no group's id`);
    }
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
