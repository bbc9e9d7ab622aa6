import type { Interceptor } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { connectionDefaults } from "@vyra/http2";
import { userId } from "../address/index.js";
import { busyPollMaxUs } from "../busy-poll/options.js";
import { defaultMaxBytes } from "../max-bytes.js";
import { acceptedByDefault } from "../messages/gzip.js";
import type { CodecOptions } from "../protobuf/codec.js";
import { defaultAuthority, userAgentOf } from "./authority-and-user-agent.js";
import type { IpcTransportOptions } from "./options.js";

/** The options of a transport with all defaults, as its engine gets them. Times are in milliseconds. */
export interface ResolvedOptions extends CodecOptions {
  readonly interceptors: readonly Interceptor[];
  readonly connections: number;
  readonly waitForReady: boolean;
  readonly authority: string;
  /** The complete `user-agent`. */
  readonly userAgent: string;
  /** The ids of users, besides this process' own user and root, whose sockets may be dialled. */
  readonly trustedUsers: readonly number[];
  readonly readMaxBytes: number;
  readonly writeMaxBytes: number;
  readonly maxWaitingBytes: number;
  readonly maxUnreadBytes: number;
  readonly acceptCompression: readonly Compression[];
  readonly sendCompression: Compression | null;
  readonly compressMinBytes: number;
  readonly useBinaryFormat: boolean;
  readonly keepAliveIntervalMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** How long the event loop may turn for an arrival, in microseconds; 0 if it does not busy-poll. */
  readonly busyPollMaxUs: number;
}

/**
 * Resolves the options of a transport: fills in all defaults and converts names of users to ids.
 *
 * @param interceptors those of the options, and others around them
 * @throws {RangeError} for a user that is not in /etc/passwd.
 */
export function resolveOptions(given: IpcTransportOptions, interceptors: readonly Interceptor[]): ResolvedOptions {
  return {
    interceptors,
    connections: given.connections ?? 1,
    waitForReady: given.waitForReady ?? false,
    authority: given.authority ?? defaultAuthority,
    userAgent: userAgentOf(given.userAgent),
    trustedUsers: (given.trustedUsers ?? []).map(userId),
    readMaxBytes: given.readMaxBytes ?? defaultMaxBytes,
    writeMaxBytes: given.writeMaxBytes ?? defaultMaxBytes,
    maxWaitingBytes: given.maxWaitingBytes ?? 256 * 2 ** 20,
    maxUnreadBytes: given.maxUnreadBytes ?? connectionDefaults.maxUnreadBytes,
    acceptCompression: given.acceptCompression ?? acceptedByDefault,
    sendCompression: given.sendCompression ?? null,
    compressMinBytes: given.compressMinBytes ?? 1_024,
    useBinaryFormat: given.useBinaryFormat ?? true,
    keepAliveIntervalMs: given.keepAliveIntervalMs ?? 300_000,
    keepAliveTimeoutMs: given.keepAliveTimeoutMs ?? 20_000,
    idleTimeoutMs: given.idleTimeoutMs ?? 30 * 60_000,
    busyPollMaxUs: busyPollMaxUs(given.busyPoll),
    jsonOptions: given.jsonOptions,
    binaryOptions: given.binaryOptions,
  };
}
