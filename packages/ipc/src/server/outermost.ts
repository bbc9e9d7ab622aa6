import { Code, type Interceptor } from "@connectrpc/connect";
import { type CallCounter, counting } from "../stats/index.js";
import { guard } from "./guard.js";
import type { OnError } from "./on-error.js";

/** What stands around all interceptors of the user where Connect's handlers run a call: it is counted, and it is answered. */
export function outermost(counter: CallCounter, onError: OnError): Interceptor {
  const count = counting(counter, Code.Internal);
  const answer = guard(onError);
  return (next) => count(answer(next));
}
