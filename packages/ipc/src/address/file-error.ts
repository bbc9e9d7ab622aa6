import { dirname } from "node:path";
import { AddressError } from "./errors.js";

/** Puts a file system's error about a socket's path into words that say what to do. */
export function fileError(doing: "lock" | "publish" | "look at", path: string, cause: unknown): AddressError {
  const { code: anyCode, syscall } = cause as NodeJS.ErrnoException;
  const code = syscall === undefined ? undefined : anyCode;
  const what = `cannot ${doing} ${path} (${code ?? (cause as Error).message})`;
  return new AddressError(`${what}: ${wayOut(code, path)}`, path, { cause });
}

function wayOut(code: string | undefined, path: string): string {
  const folder = dirname(path);
  switch (code) {
    case "ENOENT":
      return `is there a folder ${folder}?`;
    case "ENOTDIR":
      return `a part of ${folder} is not a folder`;
    case "EACCES":
    case "EPERM":
      return `this user may not write in ${folder}`;
    case "EROFS":
      return `${folder} is read-only`;
    case "ENOSPC":
    case "EDQUOT":
      return `there is no space left in ${folder}`;
    case "EMFILE":
    case "ENFILE":
      return "too many open files: raise the limit (ulimit -n), or close some";
    case "ELOOP":
      return "a symbolic link is in the way: remove it, or serve at the path that it leads to";
    default:
      return `is ${folder} a folder that this user may write in?`;
  }
}
