import type { Connection } from "../connection/connection.js";
import type { Settings } from "../connection/settings.js";
import { ConnectionError, ErrorCode } from "../errors.js";
import { Flag, type FrameHeader, FrameType } from "../frame/frame-header.js";
import { parseGoAway } from "../frame/goaway.js";
import { Fragment, parseHeaders } from "../frame/headers.js";
import { checkPing, PING_BYTES, writePingAck } from "../frame/ping.js";
import { priorityProblem } from "../frame/priority.js";
import { refusePushPromise } from "../frame/push-promise.js";
import { parseRstStream } from "../frame/rst-stream.js";
import { parseSettings, SETTINGS_ACK_BYTES, SettingId, writeSettingsAck } from "../frame/settings.js";
import { parseWindowUpdate } from "../frame/window-update.js";
import { Decoder } from "../hpack/decoder.js";
import { FieldBlockAssembly } from "./field-block.js";
import { FieldBlockWatch } from "./field-block-watch.js";
import { FieldSection } from "./field-section.js";
import { FrameReader, type FrameSink } from "./frame-reader.js";

/** The frames that may be received next (RFC 9113 §3.4, §6.10). */
const Expecting = {
  /** The first frame of a connection is SETTINGS. */
  SETTINGS: 0,
  ANY: 1,
  /** A field block is incomplete: only its CONTINUATION may be received. */
  CONTINUATION: 2,
} as const;
type Expecting = (typeof Expecting)[keyof typeof Expecting];

/**
 * Receives all frames of the peer: it checks their order (RFC 9113 §3.4, §4.3) and passes each to the part of the
 * connection that it concerns.
 *
 * This folder contains everything between the socket and the callbacks: the scheduling of received bytes, frames, field
 * blocks, the rules for messages, DATA, and the receive windows. It mirrors send/; how a frame is laid out belongs to
 * frame/, and HPACK to hpack/.
 */
export class FrameReceiver implements FrameSink {
  private readonly connection: Connection;
  private readonly reader: FrameReader;
  private readonly decoder: Decoder;
  private readonly assembly: FieldBlockAssembly;
  private readonly fragment = new Fragment();
  private readonly watch: FieldBlockWatch;
  private expecting: Expecting = Expecting.SETTINGS;
  private readonly section = new FieldSection();

  constructor(connection: Connection, settings: Settings, headerTimeoutMs: number) {
    this.connection = connection;
    this.reader = new FrameReader(this, settings.maxFrameSize);
    this.decoder = new Decoder(settings.maxHeaderListSize);
    this.assembly = new FieldBlockAssembly(settings.maxHeaderListSize);
    const stuck = `field block or frame is incomplete after ${headerTimeoutMs} ms`;
    this.watch = new FieldBlockWatch(
      headerTimeoutMs,
      () => this.unfinished,
      () => connection.fail(new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, stuck)),
    );
  }

  /**
   * Processes at most `maxFrames` frames.
   * @returns the position at which it stopped: between two frames, or at the end
   */
  read(buffer: Uint8Array, start: number, end: number, maxFrames: number): number {
    const at = this.reader.read(buffer, start, end, maxFrames);
    if (this.unfinished !== null) this.watch.observe();
    return at;
  }

  /** Ignores the rest of the chunk that is being read, because the connection has ended. */
  stop(): void {
    this.reader.stopped = true;
    this.watch.stop();
  }

  /** What the peer has left incomplete. It is null while we do not read, since that is not the fault of the peer. */
  private get unfinished(): object | null {
    const { reader, assembly, connection } = this;
    return reader.stopped || !connection.isReading ? null : (reader.unfinished ?? assembly.unfinished);
  }

  /** Applies our settings that the peer must obey now. */
  apply(settings: Settings): void {
    this.reader.maxFrameSize = settings.maxFrameSize;
    this.decoder.maxListBytes = settings.maxHeaderListSize;
    this.decoder.setTableLimit(settings.headerTableSize);
    this.assembly.setMaxListBytes(settings.maxHeaderListSize);
  }

  onDataBegin(frame: FrameHeader, padding: number): void {
    if (this.expecting !== Expecting.ANY) this.checkOrder(frame.type);
    if (frame.streamId === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "data frame on stream 0");
    this.connection.inbound.begin(frame, padding);
  }

  onDataPiece(buffer: Uint8Array, start: number, end: number, isLast: boolean): void {
    this.connection.inbound.piece(buffer, start, end, isLast);
  }

  onFrameHeader({ type, streamId, length }: FrameHeader): void {
    if (this.expecting !== Expecting.ANY) this.checkOrder(type);
    if (type === FrameType.HEADERS || type === FrameType.CONTINUATION) this.assembly.checkSize(length);
    else if (type < FrameType.CONTINUATION && length > MAX_CONTROL_BYTES) {
      const message = `frame of type ${type} on stream ${streamId} has ${length} bytes`;
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, message);
    }
  }

  onFrame(frame: FrameHeader, buffer: Uint8Array, start: number, end: number): void {
    const { type, streamId } = frame;
    if (this.expecting !== Expecting.ANY) this.checkOrder(type);
    switch (type) {
      case FrameType.HEADERS:
        this.onHeadersFrame(frame, buffer, start, end);
        break;
      case FrameType.PRIORITY: {
        this.connection.guard.countControl();
        const code = priorityProblem(streamId, buffer, start, end);
        if (code !== ErrorCode.NO_ERROR) this.onPriorityProblem(streamId, code);
        break;
      }
      case FrameType.RST_STREAM:
        this.connection.onRstStream(streamId, parseRstStream(streamId, buffer, start, end));
        break;
      case FrameType.SETTINGS:
        this.onSettings(frame, buffer, start, end);
        break;
      case FrameType.PUSH_PROMISE:
        refusePushPromise(streamId);
        break;
      case FrameType.PING:
        this.onPing(frame, buffer, start, end);
        break;
      case FrameType.GOAWAY:
        this.connection.guard.countControl();
        this.connection.onGoAway(parseGoAway(streamId, buffer, start, end));
        break;
      case FrameType.WINDOW_UPDATE:
        this.onWindowUpdate(streamId, parseWindowUpdate(buffer, start, end));
        break;
      case FrameType.CONTINUATION:
        this.onContinuation(frame, buffer, start, end);
        break;
      default: // unknown frames are ignored (RFC 9113 §4.1, §5.5)
        this.connection.guard.countControl();
    }
  }

  private checkOrder(type: number): void {
    if (this.expecting === Expecting.CONTINUATION && type !== FrameType.CONTINUATION) {
      const message = `frame of type ${type} within the field block of stream ${this.assembly.streamId}`;
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, message);
    }
    if (this.expecting === Expecting.SETTINGS && type !== FrameType.SETTINGS) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `first frame is of type ${type}, not settings`);
    }
  }

  private onHeadersFrame(frame: FrameHeader, buffer: Uint8Array, start: number, end: number): void {
    const { section, fragment } = this;
    const { streamId } = frame;
    if (streamId === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "headers frame on stream 0");
    section.streamId = streamId;
    section.endStream = frame.has(Flag.END_STREAM);
    section.priorityValid = true;
    if (frame.has(Flag.PADDED | Flag.PRIORITY)) {
      section.priorityValid = parseHeaders(frame, buffer, start, end, fragment);
      start = fragment.start;
      end = fragment.end;
    }
    if (frame.has(Flag.END_HEADERS)) {
      this.assembly.checkSize(end - start);
      this.onBlock(buffer, start, end);
    } else {
      this.assembly.begin(streamId, buffer.subarray(start, end));
      this.expecting = Expecting.CONTINUATION;
    }
  }

  private onContinuation(frame: FrameHeader, buffer: Uint8Array, start: number, end: number): void {
    if (start === end) this.connection.guard.countControl();
    this.assembly.add(frame.streamId, buffer.subarray(start, end));
    if (!frame.has(Flag.END_HEADERS)) return;
    const block = this.assembly.finish();
    this.expecting = Expecting.ANY;
    this.onBlock(block, 0, block.length);
  }

  /** Decodes a complete field block and passes its section to the role. */
  private onBlock(buffer: Uint8Array, start: number, end: number): void {
    const { decoder, section } = this;
    const list = decoder.decode(buffer, start, end);
    section.list = list;
    section.extra = decoder.extra;
    section.memoryBytes = end - start <= SHORT_BLOCK_BYTES ? 0 : decoder.costOf(list, end - start);
    this.connection.role.onHeaders(section);
    section.release();
  }

  /**
   * Handles an invalid PRIORITY frame. On an idle stream it is a connection error, since that cannot be reset (§6.4).
   */
  private onPriorityProblem(streamId: number, code: number): void {
    const { connection } = this;
    if (connection.role.isIdle(streamId)) {
      throw new ConnectionError(code, `invalid priority frame on idle stream ${streamId}`);
    }
    connection.streamErrorById(streamId, code, "invalid priority frame");
  }

  private onSettings(frame: FrameHeader, buffer: Uint8Array, start: number, end: number): void {
    const { peer, role, guard, output, sender, streams, headers } = this.connection;
    const windowBefore = peer.initialWindowSize;
    parseSettings(frame, buffer, start, end, (id, value) => {
      peer.apply(id, value, !role.isServer);
      // Each value counts, not only the last: a table that was set to 0 in between is empty (RFC 7541 §4.2).
      if (id === SettingId.HEADER_TABLE_SIZE) headers.encoder.setPeerTableSize(value);
    });
    if (frame.has(Flag.ACK)) {
      if (this.expecting === Expecting.SETTINGS)
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "acknowledgement before settings");
      this.connection.settings.acknowledged();
      return;
    }
    this.expecting = Expecting.ANY;
    guard.countSettings();
    output.reserve(SETTINGS_ACK_BYTES);
    output.at = writeSettingsAck(output.buffer, output.at);
    const delta = peer.initialWindowSize - windowBefore;
    if (delta !== 0) sender.shiftWindows(streams.all(), delta);
    role.onPeerSettings();
  }

  private onPing(frame: FrameHeader, buffer: Uint8Array, start: number, end: number): void {
    const { guard, output, pings } = this.connection;
    checkPing(frame.streamId, start, end);
    if (frame.has(Flag.ACK)) {
      if (!pings.acknowledged(buffer, start)) guard.countControl();
      return;
    }
    guard.countControl();
    guard.countReply();
    output.reserve(PING_BYTES);
    output.at = writePingAck(output.buffer, output.at, buffer, start);
  }

  private onWindowUpdate(streamId: number, increment: number): void {
    const { connection } = this;
    connection.guard.countControl();
    if (streamId === 0) {
      if (increment === 0)
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "window_update with an increment of 0 on the connection");
      connection.sender.growConnectionWindow(increment);
      return;
    }
    const stream = connection.streams.get(streamId);
    if (stream === undefined) {
      connection.checkNotIdle("window_update", streamId);
      return; // the update of a stream that has just closed may still be on its way (RFC 9113 §5.1)
    }
    if (increment === 0)
      connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, "window_update with an increment of 0");
    else if (!connection.sender.growStreamWindow(stream, increment)) {
      const problem = `window would exceed 2^31 - 1 with ${increment} more`;
      connection.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, problem);
    }
  }
}

/**
 * The size of a field block whose fields are not recorded on the account: they cost 1 KiB at most, like a stream
 * itself.
 */
const SHORT_BLOCK_BYTES = 64;

/** The largest control frame that is accepted, in bytes. SETTINGS of 16 KiB have 2,730 entries for the six settings. */
const MAX_CONTROL_BYTES = 16_384;
