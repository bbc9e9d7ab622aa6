import { ConnectionError, ErrorCode } from "../errors.js";
import { settingsFrameBytes, writeSettings } from "../frame/settings.js";
import { clearTimeout, setImmediate, setTimeout } from "../real-timers.js";
import type { Output } from "../send/output.js";
import { checkSettings, initialSettings, type Settings, settingsEntries } from "./settings.js";

export interface SettingsOwner {
  /** Is called when our settings that are in force have changed. */
  onLocalSettings(before: Settings, now: Settings): void;
  /** Is called when the peer has not acknowledged our settings in time. */
  onSettingsTimeout(error: ConnectionError): void;
}

/**
 * Our own settings and the time from which they apply (RFC 9113 §6.5.3). The peer may use what we announce as soon as
 * it has read it, and must obey it when it has acknowledged it. A raised limit therefore applies at once, and a lowered
 * limit applies from the acknowledgement.
 */
export class SettingsExchange {
  /** The settings that the peer must obey now. */
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

  /** Sends the settings that differ from those announced last; the first frame may be empty (RFC 9113 §3.4). */
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
      // These two apply at once: excess streams are refused rather than failed, and a large list fails its stream only.
      maxConcurrentStreams: next.maxConcurrentStreams,
      maxHeaderListSize: next.maxHeaderListSize,
    });
  }

  /** Handles an acknowledgement of the peer. @throws ConnectionError (PROTOCOL_ERROR) if none was expected */
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

  /** Stops the timer when the connection ends. */
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
    // If this process has been busy, the acknowledgement may be unread in the socket: the next turn reads it.
    const timer = setTimeout(() => setImmediate(() => this.expire(timer)), this.timeoutMs).unref();
    this.timer = timer;
  }

  private expire(timer: NodeJS.Timeout): void {
    if (this.timer !== timer) return; // the acknowledgement has come meanwhile
    const message = `settings not acknowledged within ${this.timeoutMs} ms`;
    this.owner.onSettingsTimeout(new ConnectionError(ErrorCode.SETTINGS_TIMEOUT, message));
  }

  private disarm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
