import { ConnectionError, ErrorCode } from "../errors.js";

/**
 * PUSH_PROMISE (RFC 9113 §6.6) is never written here, and as a client we announce SETTINGS_ENABLE_PUSH=0 before anything
 * else, so receiving one is a connection error in either role (§6.5.2, §8.4).
 */
export function refusePushPromise(streamId: number): never {
  throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `push_promise frame on stream ${streamId}: push is disabled`);
}
