import type { Interceptor } from "@connectrpc/connect";
import type { Addition } from "../../contract/additions.js";
import { clientInterceptors } from "./client-interceptors.js";
import { requestHeader } from "./extras.js";

const noop: Interceptor = (next) => (request) => next(request);

const setHeader: Interceptor = (next) => (request) => {
  request.header.set(requestHeader, "12345");
  return next(request);
};

/** Returns the interceptors of an addition, on one side, as every Connect client and server takes them. */
export function connectInterceptors(addition: Addition | undefined, side: "client" | "server"): Interceptor[] {
  if (side === "server") {
    return addition === "server-noop" ? [noop] : [];
  }
  return clientInterceptors(addition, { noop, setHeader });
}
