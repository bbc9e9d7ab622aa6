import { availableParallelism } from "node:os";
import type { EncoderOptions } from "../hpack/encoder.js";
import type { AbuseLimits } from "./abuse-limits.js";
import type { SharedAccount } from "./account.js";
import type { Settings } from "./settings.js";

/** The options of a connection. Its constructor throws a RangeError for an invalid time limit or setting. */
export interface ConnectionOptions {
  /**
   * The settings to announce (RFC 9113 §6.5.2). Defaults: `headerTableSize` 16,384 bytes; `maxConcurrentStreams`
   * 16,384; `initialWindowSize` 256 KiB; `maxFrameSize` 16,384 bytes; `maxHeaderListSize` 65,536 bytes.
   */
  readonly settings?: Partial<Settings>;
  /**
   * The largest receive window of the connection, in bytes. It starts at 256 KiB and grows with use. It is at least
   * 65,535, and at most a sixteenth of `maxUnreadBytes` if that is more. Default: 4 MiB.
   */
  readonly connectionWindowSize?: number;
  /**
   * The memory that received data may occupy until it is consumed, on all streams together, in bytes; at least 1 MiB.
   * Windows are granted so that a peer cannot exceed it. Each stream accounts for 4 KiB: with less than 64 MiB, a lower
   * `maxConcurrentStreams` is announced. Default: 64 MiB.
   */
  readonly maxUnreadBytes?: number | undefined;
  /** The account that limits the memory of this connection together with others. Default: none. */
  readonly shared?: SharedAccount;
  /**
   * The time that the peer has to acknowledge settings, in milliseconds. 0 and `Infinity` mean no limit. Default:
   * 10,000.
   */
  readonly settingsTimeoutMs?: number;
  /**
   * The time that a field block, or a frame other than DATA, may take from its first to its last byte, in milliseconds;
   * 0 and `Infinity` mean no limit. It is checked at this interval, so a peer has up to twice as long. After that the
   * connection ends with ENHANCE_YOUR_CALM. Default: 10,000.
   */
  readonly headerTimeoutMs?: number;
  /**
   * The memory that bodies may occupy while they wait for the peer's windows or for the socket, in bytes.
   * `Stream.hasRoomFor()` tells whether more may wait. Above this limit a server refuses new streams with
   * REFUSED_STREAM and stops reading from a peer that does not read either. Default: 128 MiB.
   */
  readonly maxWaitingBytes?: number;
  /**
   * The time after which the connection ends with ENHANCE_YOUR_CALM if more than 16 MiB wait to be sent and none of it
   * has been sent meanwhile (CVE-2019-9517), in milliseconds. It also applies to a connection that holds more than 256
   * KiB and releases none of it while the connections of its shared account exceed their limit. 0 and `Infinity` mean
   * no limit. Default: 60,000.
   */
  readonly stallTimeoutMs?: number;
  /**
   * The number of bytes at which a batch of frames is written before the turn of the event loop ends. The threshold
   * doubles with each such write until the turn is over. The peer thus starts while this side is still writing;
   * otherwise the two would alternate. If each process has a core to itself and 64 exchanges are in flight, this
   * doubles the throughput; if not, it only costs system calls. Default: 2,048 if this process may use more than one
   * core, otherwise `Infinity` (never).
   */
  readonly earlyWriteBytes?: number;
  /** How outgoing fields are compressed (HPACK, RFC 7541). */
  readonly encoder?: EncoderOptions;
  /** The budgets for cheap but costly events, such as stream resets. Default: see {@link AbuseLimits}. */
  readonly abuseLimits?: AbuseLimits;
  /**
   * Who reads the socket. `"connection"`: the connection listens to its `data` events. `"caller"`: the caller reads it,
   * for example with `readInPlace()`, and passes the bytes to `receive()`; the connection still pauses and resumes the
   * socket. Default: `"connection"`.
   */
  readonly reader?: "connection" | "caller";
}

/** The defaults of {@link ConnectionOptions}, in the same units. The reasons are in docs/reference/http2.md. */
export const connectionDefaults = {
  connectionWindowSize: 4 * 2 ** 20,
  maxUnreadBytes: 64 * 2 ** 20,
  settingsTimeoutMs: 10_000,
  headerTimeoutMs: 10_000,
  maxWaitingBytes: 128 * 2 ** 20,
  stallTimeoutMs: 60_000,
  earlyWriteBytes: availableParallelism() > 1 ? 2_048 : Number.POSITIVE_INFINITY,
} as const;

/** All options of a connection, with defaults for those that were not given. */
export interface ResolvedOptions {
  readonly settings: Partial<Settings>;
  readonly connectionWindowSize: number;
  readonly maxUnreadBytes: number;
  readonly shared: SharedAccount | null;
  /** The three time limits are in milliseconds; 0 means no limit. */
  readonly settingsTimeoutMs: number;
  readonly headerTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly maxWaitingBytes: number;
  readonly earlyWriteBytes: number;
  readonly encoder: EncoderOptions;
  readonly abuseLimits: AbuseLimits;
  readonly isReadByCaller: boolean;
}

/** Returns the options with their defaults. @throws RangeError for an invalid time limit */
export function resolveOptions(options: ConnectionOptions): ResolvedOptions {
  return {
    settings: options.settings ?? {},
    connectionWindowSize: options.connectionWindowSize ?? connectionDefaults.connectionWindowSize,
    maxUnreadBytes: options.maxUnreadBytes ?? connectionDefaults.maxUnreadBytes,
    shared: options.shared ?? null,
    settingsTimeoutMs: timeLimit(options, "settingsTimeoutMs"),
    headerTimeoutMs: timeLimit(options, "headerTimeoutMs"),
    stallTimeoutMs: timeLimit(options, "stallTimeoutMs"),
    maxWaitingBytes: options.maxWaitingBytes ?? connectionDefaults.maxWaitingBytes,
    earlyWriteBytes: options.earlyWriteBytes ?? connectionDefaults.earlyWriteBytes,
    encoder: options.encoder ?? {},
    abuseLimits: options.abuseLimits ?? {},
    isReadByCaller: options.reader === "caller",
  };
}

function timeLimit(
  options: ConnectionOptions,
  name: "settingsTimeoutMs" | "headerTimeoutMs" | "stallTimeoutMs",
): number {
  const ms = options[name] ?? connectionDefaults[name];
  if (!(typeof ms === "number" && ms >= 0)) throw new RangeError(`${name} must be 0 ms or more, not ${ms}`);
  return ms === Number.POSITIVE_INFINITY ? 0 : ms;
}
