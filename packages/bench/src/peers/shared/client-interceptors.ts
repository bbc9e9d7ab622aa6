import type { Addition } from "../../contract/additions.js";

/** Chooses the interceptors of an addition on a client, among those that the peer has written for them. */
export function clientInterceptors<T>(addition: Addition | undefined, own: { noop: T; setHeader: T }): T[] {
  switch (addition) {
    case "noop":
      return [own.noop];
    case "noop-3":
      return [own.noop, own.noop, own.noop];
    case "header":
      return [own.setHeader];
    default:
      return [];
  }
}
