import { readdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { resolveSocket } from "@vyra/ipc";
import { findSockets } from "../../server/find-sockets.js";
import type { Candidate } from "./candidate.js";

/**
 * Returns servers whose address begins with this text: module names, or sockets and folders if a path is being typed.
 */
export function socketsFor(current: string): Candidate[] {
  const [, scheme = "", path = ""] = /^(unix:(?:\/\/(?=\/))?)?(.*)$/s.exec(current) ?? [];
  if (scheme !== "" || /^(?:\/|\.{1,2}\/)/.test(path)) {
    return socketPaths(path).map((value) => ({ value: scheme + value }));
  }
  const modules = findSockets(dirname(resolveSocket("any").path)).map(({ module }) => module);
  return modules.filter((name) => name?.startsWith(current)).map((name) => ({ value: name as string }));
}

/** A folder ends with a slash. */
function socketPaths(path: string): string[] {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const beginning = path.slice(folder.length);
  return readdirSync(folder || "/")
    .filter((name) => name.startsWith(beginning) && (beginning !== "" || !name.startsWith(".")))
    .flatMap((name) => {
      const stats = statSync(folder + name, { throwIfNoEntry: false });
      return stats?.isDirectory() ? [`${folder}${name}/`] : stats?.isSocket() ? [folder + name] : [];
    });
}
