import { ConnectionError, ErrorCode } from "../errors.js";
import { SettingId } from "../frame/settings.js";

/** What one endpoint announces about itself (RFC 9113 §6.5.2). Sizes are in bytes. */
export interface Settings {
  readonly headerTableSize: number;
  readonly maxConcurrentStreams: number;
  readonly initialWindowSize: number;
  readonly maxFrameSize: number;
  readonly maxHeaderListSize: number;
}

export const MAX_WINDOW = 2 ** 31 - 1;
export const MIN_MAX_FRAME = 2 ** 14;
export const MAX_MAX_FRAME = 2 ** 24 - 1;
export const UNLIMITED = 2 ** 32 - 1;

/** What holds for either side until its first SETTINGS frame is there. */
export const initialSettings: Settings = {
  headerTableSize: 4_096,
  maxConcurrentStreams: UNLIMITED,
  initialWindowSize: 65_535,
  maxFrameSize: MIN_MAX_FRAME,
  maxHeaderListSize: UNLIMITED,
};

/** What we announce unless told otherwise. The reasons are in docs/reference/http2.md. */
export const defaultSettings: Settings = {
  headerTableSize: 16_384,
  maxConcurrentStreams: 16_384,
  initialWindowSize: 256 * 1024,
  maxFrameSize: MIN_MAX_FRAME,
  maxHeaderListSize: 65_536,
};

type Mutable = { -readonly [K in keyof Settings]: Settings[K] };

/** The peer's settings as they change, entry by entry and in order (RFC 9113 §6.5.3). */
export class PeerSettings implements Mutable {
  headerTableSize = initialSettings.headerTableSize;
  maxConcurrentStreams = initialSettings.maxConcurrentStreams;
  initialWindowSize = initialSettings.initialWindowSize;
  maxFrameSize = initialSettings.maxFrameSize;
  maxHeaderListSize = initialSettings.maxHeaderListSize;

  /** @param fromServer the peer is a server, which may not speak of push at all (§6.5.2) */
  apply(id: number, value: number, fromServer: boolean): void {
    switch (id) {
      case SettingId.HEADER_TABLE_SIZE:
        this.headerTableSize = value;
        break;
      case SettingId.ENABLE_PUSH:
        if (value > 1 || (fromServer && value === 1)) throw outOfRange("SETTINGS_ENABLE_PUSH", value);
        break;
      case SettingId.MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        break;
      case SettingId.INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW) {
          const message = `SETTINGS_INITIAL_WINDOW_SIZE of ${value} exceeds 2^31 - 1`;
          throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, message);
        }
        this.initialWindowSize = value;
        break;
      case SettingId.MAX_FRAME_SIZE:
        if (value < MIN_MAX_FRAME || value > MAX_MAX_FRAME) throw outOfRange("SETTINGS_MAX_FRAME_SIZE", value);
        this.maxFrameSize = value;
        break;
      case SettingId.MAX_HEADER_LIST_SIZE:
        this.maxHeaderListSize = value;
        break;
      default: // unknown settings are ignored (§6.5.2)
    }
  }
}

function outOfRange(name: string, value: number): ConnectionError {
  return new ConnectionError(ErrorCode.PROTOCOL_ERROR, `${name} is ${value}`);
}

/** Our own settings as entries of a frame: those that differ from what the peer assumes. */
export function settingsEntries(wanted: Settings, known: Settings): (readonly [number, number])[] {
  const all: [number, number, number][] = [
    [SettingId.HEADER_TABLE_SIZE, wanted.headerTableSize, known.headerTableSize],
    [SettingId.MAX_CONCURRENT_STREAMS, wanted.maxConcurrentStreams, known.maxConcurrentStreams],
    [SettingId.INITIAL_WINDOW_SIZE, wanted.initialWindowSize, known.initialWindowSize],
    [SettingId.MAX_FRAME_SIZE, wanted.maxFrameSize, known.maxFrameSize],
    [SettingId.MAX_HEADER_LIST_SIZE, wanted.maxHeaderListSize, known.maxHeaderListSize],
  ];
  return all.filter(([, value, before]) => value !== before).map(([id, value]) => [id, value] as const);
}

/** @throws RangeError for a value the RFC does not allow */
export function checkSettings(settings: Settings): Settings {
  checkRange("headerTableSize", settings.headerTableSize, 0, 2 ** 24);
  checkRange("maxConcurrentStreams", settings.maxConcurrentStreams, 0, UNLIMITED);
  checkRange("initialWindowSize", settings.initialWindowSize, 0, MAX_WINDOW);
  checkRange("maxFrameSize", settings.maxFrameSize, MIN_MAX_FRAME, MAX_MAX_FRAME);
  checkRange("maxHeaderListSize", settings.maxHeaderListSize, 0, UNLIMITED);
  return settings;
}

function checkRange(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name} is ${value}, not an integer from ${low} to ${high}`);
  }
}
