import { Code, type ConnectRouterOptions, type Interceptor } from "@connectrpc/connect";
import { type CallCounter, counting } from "../../stats/index.js";
import type { OnError } from "../on-error.js";
import { sendable } from "./connect/sendable.js";
import { guard } from "./guard.js";

/**
 * What stands around all interceptors of the user where Connect's handlers run a call: it is counted, it is answered, and its answer
 * can be sent. The options are those of the routes that it is for.
 */
export function outermost(counter: CallCounter, onError: OnError): (options: ConnectRouterOptions) => Interceptor {
  const count = counting(counter, Code.Internal);
  const answer = guard(onError);
  return (options) => {
    const send = sendable(onError, options);
    return (next) => count(send(answer(next)));
  };
}
