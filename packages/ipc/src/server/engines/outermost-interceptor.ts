import { Code, type ConnectRouterOptions, type Interceptor } from "@connectrpc/connect";
import { type CallCounter, counting } from "../../stats/index.js";
import type { OnError } from "../on-error.js";
import { sendable } from "./connect/sendable.js";
import { guard } from "./guard.js";

/**
 * Creates what surrounds all interceptors of the user if Connect's handlers run a call: the call is counted and
 * answered, and its response can be sent. The options are those of the routes that it is for.
 */
export function outermost(counter: CallCounter, onError: OnError): (options: ConnectRouterOptions) => Interceptor {
  const count = counting(counter, Code.Internal);
  const answer = guard(onError);
  return (options) => {
    const send = sendable(onError, options);
    return (next) => count(send(answer(next)));
  };
}
