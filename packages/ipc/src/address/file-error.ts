import { dirname } from "node:path";
import { AddressError } from "./errors.js";

/** Returns an AddressError for an error of the file system, with a message that says what to do. */
export function fileError(action: "lock" | "publish" | "read", path: string, cause: unknown): AddressError {
  const { code: anyCode, syscall } = cause as NodeJS.ErrnoException;
  const code = syscall === undefined ? undefined : anyCode;
  const what = `cannot ${action} ${path} (${code ?? (cause as Error).message})`;
  return new AddressError(`${what}: ${adviceFor(code, path)}`, path, { cause });
}

function adviceFor(code: string | undefined, path: string): string {
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
