import { readFileSync } from "node:fs";
import { runProcess } from "../../processes/run-process.js";

/** Returns the name of a user, or the user id if this machine has no name for it. */
export function userName(uid: number): string {
  users ??= readUsers();
  return users.get(uid) ?? String(uid);
}

let users: Map<number, string> | undefined;

function readUsers(): Map<number, string> {
  try {
    const lines = readFileSync("/etc/passwd", "utf8").split("\n");
    return new Map(lines.map((line) => line.split(":")).map(([name = "", , uid]) => [Number(uid), name]));
  } catch {
    return new Map();
  }
}

/** Returns the command line of a process; undefined if this user cannot see it. */
export async function commandOf(pid: number): Promise<string | undefined> {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
  } catch {
    const { isSuccess, stdout } = await runProcess("ps", ["-o", "command=", "-p", String(pid)]);
    return isSuccess ? stdout.toString().trim() : undefined;
  }
}
