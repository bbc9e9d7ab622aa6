import { ConnectionError, ErrorCode } from "../errors.js";
import { SettingId } from "../frame/settings.js";

/** The settings that an endpoint announces (RFC 9113 §6.5.2). */
export interface Settings {
  /** The size of the dynamic table for decoding field blocks, in bytes. */
  readonly headerTableSize: number;
  /** The number of streams that the peer may have open at once. */
  readonly maxConcurrentStreams: number;
  /** The initial flow-control window of each stream, in bytes; at most 2^31 - 1. */
  readonly initialWindowSize: number;
  /** The largest payload of a frame that is accepted, in bytes; from 2^14 to 2^24 - 1. */
  readonly maxFrameSize: number;
  /** The largest field list that is accepted, in bytes, counting 32 for each field besides its name and value. */
  readonly maxHeaderListSize: number;
}

export const MAX_WINDOW = 2 ** 31 - 1;
export const MIN_MAX_FRAME = 2 ** 14;
export const MAX_MAX_FRAME = 2 ** 24 - 1;
export const UNLIMITED = 2 ** 32 - 1;

/** The settings of either side until its first SETTINGS frame has been received (RFC 9113 §6.5.2). */
export const initialSettings: Settings = {
  headerTableSize: 4_096,
  maxConcurrentStreams: UNLIMITED,
  initialWindowSize: 65_535,
  maxFrameSize: MIN_MAX_FRAME,
  maxHeaderListSize: UNLIMITED,
};

/** The settings that we announce by default. The reasons are in docs/reference/http2.md. */
export const defaultSettings: Settings = {
  headerTableSize: 16_384,
  maxConcurrentStreams: 16_384,
  initialWindowSize: 256 * 1024,
  maxFrameSize: MIN_MAX_FRAME,
  maxHeaderListSize: 65_536,
};

type Mutable = { -readonly [K in keyof Settings]: Settings[K] };

/** The peer's settings. Its entries are applied one by one, in order (RFC 9113 §6.5.3). */
export class PeerSettings implements Mutable {
  headerTableSize = initialSettings.headerTableSize;
  maxConcurrentStreams = initialSettings.maxConcurrentStreams;
  initialWindowSize = initialSettings.initialWindowSize;
  maxFrameSize = initialSettings.maxFrameSize;
  maxHeaderListSize = initialSettings.maxHeaderListSize;

  /**
   * Applies one entry. @throws ConnectionError for a value that RFC 9113 §6.5.2 forbids
   * @param fromServer whether the peer is a server, which may not enable push (§6.5.2)
   */
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
  return new ConnectionError(ErrorCode.PROTOCOL_ERROR, `${name} of ${value} is invalid`);
}

/** Returns the settings that differ from those the peer knows, as entries of a SETTINGS frame. */
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

/** Returns the settings unchanged. @throws RangeError for a value that RFC 9113 §6.5.2 forbids */
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
