import { ConnectionError, ErrorCode } from "../errors.js";
import { settingsFrameBytes, writeSettings } from "../frame/settings.js";
import { clearTimeout, setImmediate, setTimeout } from "../real-timers.js";
import type { Output } from "../send/output.js";
import { checkSettings, initialSettings, type Settings, settingsEntries } from "./settings.js";

export interface SettingsOwner {
  /** Our settings as they bind the peer have changed. */
  onLocalSettings(before: Settings, now: Settings): void;
  /** The peer has not acknowledged in time. */
  onSettingsTimeout(error: ConnectionError): void;
}

/**
 * Our own settings and when they hold (RFC 9113 §6.5.3). The peer may act on what we announce from the moment it reads it, and
 * must from its acknowledgement on. So what is raised is allowed at once, and what is lowered binds with the acknowledgement.
 */
export class SettingsExchange {
  /** What the peer is held to now. */
  inForce: Settings = initialSettings;
  private announced: Settings = initialSettings;
  private readonly unacknowledged: Settings[] = [];
  private readonly output: Output;
  private readonly owner: SettingsOwner;
  private readonly timeoutMs: number;
  private timer: NodeJS.Timeout | null = null;

  constructor(output: Output, owner: SettingsOwner, timeoutMs: number) {
    this.output = output;
    this.owner = owner;
    this.timeoutMs = timeoutMs;
  }

  /** Sends what differs from what was announced last; the first time, perhaps an empty frame (RFC 9113 §3.4). */
  announce(wanted: Partial<Settings>, extraEntries: readonly (readonly [number, number])[] = []): void {
    const next = checkSettings({ ...this.announced, ...wanted });
    const entries = [...extraEntries, ...settingsEntries(next, this.announced)];
    this.output.reserve(settingsFrameBytes(entries.length));
    this.output.at = writeSettings(this.output.buffer, this.output.at, entries);
    this.announced = next;
    this.unacknowledged.push(next);
    this.arm();
    this.put({
      headerTableSize: Math.max(this.inForce.headerTableSize, next.headerTableSize),
      initialWindowSize: Math.max(this.inForce.initialWindowSize, next.initialWindowSize),
      maxFrameSize: Math.max(this.inForce.maxFrameSize, next.maxFrameSize),
      // These two need no grace: more streams are refused, not failed, and larger lists are an error of their stream only.
      maxConcurrentStreams: next.maxConcurrentStreams,
      maxHeaderListSize: next.maxHeaderListSize,
    });
  }

  acknowledged(): void {
    const settings = this.unacknowledged.shift();
    if (settings === undefined) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "acknowledgement of settings that were not sent");
    }
    this.disarm();
    if (this.unacknowledged.length > 0) this.arm();
    let { headerTableSize, initialWindowSize, maxFrameSize } = settings;
    for (const later of this.unacknowledged) {
      headerTableSize = Math.max(headerTableSize, later.headerTableSize);
      initialWindowSize = Math.max(initialWindowSize, later.initialWindowSize);
      maxFrameSize = Math.max(maxFrameSize, later.maxFrameSize);
    }
    this.put({ ...this.inForce, headerTableSize, initialWindowSize, maxFrameSize });
  }

  /** The connection is over. */
  stop(): void {
    this.disarm();
  }

  private put(settings: Settings): void {
    const before = this.inForce;
    this.inForce = settings;
    this.owner.onLocalSettings(before, settings);
  }

  private arm(): void {
    if (this.timer !== null || this.timeoutMs === 0) return;
    // If this process was busy meanwhile, the acknowledgement may lie there unread: the next turn reads it.
    const timer = setTimeout(() => setImmediate(() => this.expire(timer)), this.timeoutMs).unref();
    this.timer = timer;
  }

  private expire(timer: NodeJS.Timeout): void {
    if (this.timer !== timer) return; // acknowledged after all
    const message = `settings not acknowledged within ${this.timeoutMs} ms`;
    this.owner.onSettingsTimeout(new ConnectionError(ErrorCode.SETTINGS_TIMEOUT, message));
  }

  private disarm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
