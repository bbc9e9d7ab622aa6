import { availableParallelism } from "node:os";
import type { EncoderOptions } from "../hpack/encoder.js";
import type { AbuseLimits } from "./abuse-limits.js";
import type { SharedAccount } from "./account.js";
import type { Settings } from "./settings.js";

export interface ConnectionOptions {
  /**
   * What we announce (RFC 9113 §6.5.2). Defaults: headerTableSize 16,384; maxConcurrentStreams 16,384; initialWindowSize
   * 256 KiB; maxFrameSize 16,384; maxHeaderListSize 65,536.
   */
  readonly settings?: Partial<Settings>;
  /**
   * The connection's receive window, in bytes, at the most: it begins with 256 KiB and grows with use. Default 4 MiB; at least 65,535, and
   * at most a sixteenth of `maxUnreadBytes` if that is more.
   */
  readonly connectionWindowSize?: number;
  /**
   * Bytes of memory that what was received may take until it is consumed, on all streams together, at least 1 MiB: windows are granted
   * so that a peer cannot exceed it. A stream costs it 4 KiB: with less than 64 MiB, fewer are announced. Default 64 MiB.
   */
  readonly maxUnreadBytes?: number | undefined;
  /** What this connection holds together with others; see {@link SharedAccount}. */
  readonly shared?: SharedAccount;
  /** How long the peer may take to acknowledge settings, in milliseconds; 0 and `Infinity` are for ever. Default 10,000. */
  readonly settingsTimeoutMs?: number;
  /**
   * How long a field block, or a frame other than DATA, may take from its beginning to its end, in milliseconds; 0 is for ever. It is
   * looked at that often, so that a peer has up to twice as long. Then the connection ends with ENHANCE_YOUR_CALM. Default 10,000.
   */
  readonly headerTimeoutMs?: number;
  /**
   * What bodies that wait for the peer's windows or socket may cost in memory, in bytes; `Stream.hasRoomFor()` tells whether more may
   * wait. Above it a server refuses new streams (REFUSED_STREAM), and reads no more from a peer that does not read either.
   * Default 128 MiB.
   */
  readonly maxWaitingBytes?: number;
  /**
   * When more than 16 MiB wait and none of it has moved for so long, in milliseconds, the connection ends with
   * ENHANCE_YOUR_CALM (CVE-2019-9517); 0 and `Infinity` are never. Default 60,000.
   */
  readonly stallTimeoutMs?: number;
  /**
   * A batch of this many bytes is written before the turn ends, the next when it is twice as large, and so on until the turn is
   * over: the peer begins while this side goes on, where otherwise the two would take turns. With a core to spare for each
   * process and 64 exchanges in flight that doubles what they get done; with none to spare it is a system call for nothing.
   * Default: 2,048 where this process may use more than one core, otherwise never.
   */
  readonly earlyWriteBytes?: number;
  /** How outgoing fields are compressed. */
  readonly encoder?: EncoderOptions;
  readonly abuseLimits?: AbuseLimits;
  /**
   * Who reads the socket: the connection by its `data` events, or the caller, who passes what it reads to `receive()`, as
   * `readInPlace()` does. The connection still pauses and resumes the socket. Default `"connection"`.
   */
  readonly reader?: "connection" | "caller";
}

export const connectionDefaults = {
  connectionWindowSize: 4 * 2 ** 20,
  maxUnreadBytes: 64 * 2 ** 20,
  settingsTimeoutMs: 10_000,
  headerTimeoutMs: 10_000,
  maxWaitingBytes: 128 * 2 ** 20,
  stallTimeoutMs: 60_000,
  earlyWriteBytes: availableParallelism() > 1 ? 2_048 : Number.POSITIVE_INFINITY,
} as const;

/** All options of a connection, with the defaults where its owner has said nothing. */
export interface ResolvedOptions {
  readonly settings: Partial<Settings>;
  readonly connectionWindowSize: number;
  readonly maxUnreadBytes: number;
  readonly shared: SharedAccount | null;
  /** The three time limits are in milliseconds; 0 for none. */
  readonly settingsTimeoutMs: number;
  readonly headerTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly maxWaitingBytes: number;
  readonly earlyWriteBytes: number;
  readonly encoder: EncoderOptions;
  readonly abuseLimits: AbuseLimits;
  readonly isReadByCaller: boolean;
}

/** @throws RangeError for a time limit that is invalid */
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
