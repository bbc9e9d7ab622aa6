import type { Connection } from "../connection/connection.js";
import type { Settings } from "../connection/settings.js";
import { ConnectionError, ErrorCode } from "../errors.js";
import { Flag, FrameType } from "../frame/frame-header.js";
import { parseGoAway } from "../frame/goaway.js";
import { parseHeaders } from "../frame/headers.js";
import { Fragment } from "../frame/padding.js";
import { checkPing, PING_BYTES, writePingAck } from "../frame/ping.js";
import { priorityProblem } from "../frame/priority.js";
import { refusePushPromise } from "../frame/push-promise.js";
import { parseRstStream } from "../frame/rst-stream.js";
import { parseSettings, SETTINGS_ACK_BYTES, SettingId, writeSettingsAck } from "../frame/settings.js";
import { parseWindowUpdate } from "../frame/window-update.js";
import { Decoder } from "../hpack/decoder.js";
import { HeaderAssembly } from "./field-block.js";
import { HeaderWatch } from "./field-block-watch.js";
import { FrameReader, type FrameSink } from "./frame-reader.js";

/**
 * Takes what the peer sends apart, checks the order of frames (RFC 9113 §3.4, §4.3), and passes each to the part of the
 * connection it concerns.
 */
export class InboundFrames implements FrameSink {
  private readonly connection: Connection;
  private readonly reader: FrameReader;
  private readonly decoder: Decoder;
  private readonly assembly: HeaderAssembly;
  private readonly fragment = new Fragment();
  private readonly watch: HeaderWatch;
  private settingsSeen = false;
  /** Not every frame may come now: see checkOrder. */
  private isOrdered = true;

  constructor(connection: Connection, settings: Settings, headerTimeoutMs: number) {
    this.connection = connection;
    this.reader = new FrameReader(this, settings.maxFrameSize);
    this.decoder = new Decoder(settings.maxHeaderListSize);
    this.assembly = new HeaderAssembly(settings.maxHeaderListSize);
    const stuck = `a field block or frame is not whole after ${headerTimeoutMs} ms`;
    this.watch = new HeaderWatch(
      headerTimeoutMs,
      () => this.unfinished,
      () => connection.fail(new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, stuck)),
    );
  }

  /** Acts on no more than `maxFrames` of what has been received. @returns where it stopped: between two frames, or at the end */
  read(buffer: Uint8Array, start: number, end: number, maxFrames: number): number {
    const at = this.reader.read(buffer, start, end, maxFrames);
    if (this.unfinished !== null) this.watch.observe();
    return at;
  }

  /** The connection is over: the rest of the chunk being read is ignored. */
  stop(): void {
    this.reader.stopped = true;
    this.watch.stop();
  }

  /** The peer is not to blame for what has not been read from it. */
  private get unfinished(): object | null {
    const { reader, assembly, connection } = this;
    return reader.stopped || !connection.isReading ? null : (reader.unfinished ?? assembly.unfinished);
  }

  /** Our settings as the peer is held to them. */
  apply(settings: Settings): void {
    this.reader.maxFrameSize = settings.maxFrameSize;
    this.decoder.maxListBytes = settings.maxHeaderListSize;
    this.decoder.setTableLimit(settings.headerTableSize);
    this.assembly.setMaxListBytes(settings.maxHeaderListSize);
  }

  onDataBegin(streamId: number, length: number, padding: number, endStream: boolean): void {
    if (this.isOrdered) this.checkOrder(FrameType.DATA);
    if (streamId === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "data frame on stream 0");
    this.connection.inbound.begin(streamId, length, padding, endStream);
  }

  onDataPiece(buffer: Uint8Array, start: number, end: number, isLast: boolean): void {
    this.connection.inbound.piece(buffer, start, end, isLast);
  }

  onFrameHeader(type: number, streamId: number, length: number): void {
    if (this.isOrdered) this.checkOrder(type);
    if (type === FrameType.HEADERS || type === FrameType.CONTINUATION) this.assembly.checkSize(length);
    else if (type < FrameType.CONTINUATION && length > MAX_CONTROL_BYTES) {
      const message = `frame of type ${type} on stream ${streamId} has ${length} bytes`;
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, message);
    }
  }

  onFrame(type: number, flags: number, streamId: number, buffer: Uint8Array, start: number, end: number): void {
    if (this.isOrdered) this.checkOrder(type);
    switch (type) {
      case FrameType.HEADERS:
        this.onHeadersFrame(flags, streamId, buffer, start, end);
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
        this.onSettings(flags, streamId, buffer, start, end);
        break;
      case FrameType.PUSH_PROMISE:
        refusePushPromise(streamId);
        break;
      case FrameType.PING:
        this.onPing(flags, streamId, buffer, start, end);
        break;
      case FrameType.GOAWAY:
        this.connection.guard.countControl();
        this.connection.onGoAway(parseGoAway(streamId, buffer, start, end));
        break;
      case FrameType.WINDOW_UPDATE:
        this.onWindowUpdate(streamId, parseWindowUpdate(buffer, start, end));
        break;
      case FrameType.CONTINUATION:
        this.onContinuation(flags, streamId, buffer, start, end);
        break;
      default: // unknown frames are ignored (RFC 9113 §4.1, §5.5)
        this.connection.guard.countControl();
    }
  }

  /** Only after a HEADERS frame without END_HEADERS is it not any frame that may come next; and the first is SETTINGS. */
  private checkOrder(type: number): void {
    if (this.assembly.streamId !== 0 && type !== FrameType.CONTINUATION) {
      const message = `frame of type ${type} within the field block of stream ${this.assembly.streamId}`;
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, message);
    }
    if (!this.settingsSeen && type !== FrameType.SETTINGS) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `first frame is of type ${type}, not settings`);
    }
  }

  private onHeadersFrame(flags: number, streamId: number, buffer: Uint8Array, start: number, end: number): void {
    if (streamId === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "headers frame on stream 0");
    const endStream = (flags & Flag.END_STREAM) !== 0;
    let priorityValid = true;
    if ((flags & (Flag.PADDED | Flag.PRIORITY)) !== 0) {
      priorityValid = parseHeaders(flags, streamId, buffer, start, end, this.fragment);
      start = this.fragment.start;
      end = this.fragment.end;
    }
    if ((flags & Flag.END_HEADERS) !== 0) {
      this.assembly.checkSize(end - start);
      this.onBlock(streamId, buffer, start, end, endStream, priorityValid);
    } else {
      this.assembly.begin(streamId, endStream, priorityValid, buffer.subarray(start, end));
      this.isOrdered = true;
    }
  }

  private onContinuation(flags: number, streamId: number, buffer: Uint8Array, start: number, end: number): void {
    if (start === end) this.connection.guard.countControl();
    this.assembly.add(streamId, buffer.subarray(start, end));
    if ((flags & Flag.END_HEADERS) === 0) return;
    const block = this.assembly.finish();
    this.isOrdered = false;
    this.onBlock(streamId, block, 0, block.length, this.assembly.endStream, this.assembly.priorityValid);
  }

  private onBlock(
    streamId: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
    priorityValid: boolean,
  ): void {
    const list = this.decoder.decode(buffer, start, end);
    const { extra } = this.decoder;
    const fieldBytes = end - start <= SHORT_BLOCK_BYTES ? 0 : this.decoder.costOf(list, end - start);
    this.connection.role.onHeaders(streamId, list, extra, endStream, priorityValid, fieldBytes);
  }

  /** An idle stream cannot be reset (RFC 9113 §6.4). */
  private onPriorityProblem(streamId: number, code: number): void {
    const { connection } = this;
    if (connection.role.isIdle(streamId)) {
      throw new ConnectionError(code, `priority frame in error on idle stream ${streamId}`);
    }
    connection.streamErrorById(streamId, code, "priority frame in error");
  }

  private onSettings(flags: number, streamId: number, buffer: Uint8Array, start: number, end: number): void {
    const { peer, role, guard, output, sender, streams, headers } = this.connection;
    const isAck = (flags & Flag.ACK) !== 0;
    const windowBefore = peer.initialWindowSize;
    parseSettings(flags, streamId, buffer, start, end, (id, value) => {
      peer.apply(id, value, !role.isServer);
      // Each value counts, not only the last: a table emptied and enlarged again is empty (RFC 7541 §4.2).
      if (id === SettingId.HEADER_TABLE_SIZE) headers.encoder.setPeerTableSize(value);
    });
    if (isAck) {
      if (!this.settingsSeen) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "acknowledgement before settings");
      this.connection.settings.acknowledged();
      return;
    }
    this.settingsSeen = true;
    this.isOrdered = false;
    guard.countSettings();
    output.reserve(SETTINGS_ACK_BYTES);
    output.at = writeSettingsAck(output.buffer, output.at);
    const delta = peer.initialWindowSize - windowBefore;
    if (delta !== 0) sender.shiftWindows(streams.all(), delta);
    role.onPeerSettings();
  }

  private onPing(flags: number, streamId: number, buffer: Uint8Array, start: number, end: number): void {
    const { guard, output, pings } = this.connection;
    checkPing(streamId, start, end);
    if ((flags & Flag.ACK) !== 0) {
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
      if (increment === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "window_update of 0 on the connection");
      connection.sender.growConnectionWindow(increment);
      return;
    }
    const stream = connection.streams.get(streamId);
    if (stream === undefined) {
      connection.checkNotIdle("window_update", streamId);
      return; // for a stream just closed: it crossed with the end (RFC 9113 §5.1)
    }
    if (increment === 0) connection.streamError(stream, ErrorCode.PROTOCOL_ERROR, "window_update of 0");
    else if (!connection.sender.growStreamWindow(stream, increment)) {
      const problem = `window would exceed 2^31 - 1 with ${increment} more`;
      connection.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, problem);
    }
  }
}

/** The fields of such a block cost 1 KiB at the most, as much as the stream itself does. */
const SHORT_BLOCK_BYTES = 64;

/** No control frame needs more; SETTINGS of 16 KiB are 2,730 entries of the six that exist. */
const MAX_CONTROL_BYTES = 16_384;
