import { ConnectionError, ErrorCode } from "../errors.js";

/**
 * Refuses PUSH_PROMISE (RFC 9113 §6.6). We never send it, and as a client we announce SETTINGS_ENABLE_PUSH=0 first of
 * all, so receiving one is a connection error in either role (§6.5.2, §8.4).
 */
export function refusePushPromise(streamId: number): never {
  throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `push_promise frame on stream ${streamId}: push is disabled`);
}
