import type { ConnectError } from "@connectrpc/connect";
import { requestError } from "./call.js";
import type { CallSpec } from "./call-spec.js";
import type { Core } from "./core.js";
import { type OnOpen, StreamCall } from "./stream-call.js";
import { type OnResponse, UnaryCall } from "./unary-call.js";

/**
 * Starts a call with one message in each direction. @throws whatever is wrong with the request; `requestError()`
 * converts it to a ConnectError
 */
export function startUnary(
  core: Core,
  spec: CallSpec,
  input: unknown,
  onResponse: OnResponse,
  onError: (error: ConnectError) => void,
): void {
  const call = new UnaryCall(core, spec, onResponse, onError);
  const request = spec.method.encode(input, spec.observer);
  if (request instanceof Promise) {
    request.then((compressed) => call.start(compressed)).catch((error) => onError(requestError(error)));
  } else {
    call.start(request);
  }
}

/** Starts a call of any other kind. @throws whatever is wrong with the request */
export function startStream(
  core: Core,
  spec: CallSpec,
  input: AsyncIterable<unknown>,
  onOpen: OnOpen,
  onError: (error: ConnectError) => void,
): void {
  new StreamCall(core, spec, input, onOpen, onError).begin();
}
