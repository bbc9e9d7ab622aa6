import type { Socket } from "node:net";
import { AbuseGuard, calm } from "./abuse-limits.js";
import { ClosedStreams } from "./closed-streams.js";
import { ConnectionError, ErrorCode, errorCodeName, StreamError } from "./errors.js";
import { Flag, FrameType } from "./frame/frame-header.js";
import { type GoAway, goAwayBytes, parseGoAway, writeGoAway } from "./frame/goaway.js";
import { parseHeaders } from "./frame/headers.js";
import { Fragment } from "./frame/padding.js";
import { checkPing, PING_BYTES, writePingAck } from "./frame/ping.js";
import { priorityProblem } from "./frame/priority.js";
import { refusePushPromise } from "./frame/push-promise.js";
import { parseRstStream, RST_STREAM_BYTES, writeRstStream } from "./frame/rst-stream.js";
import { parseSettings, SETTINGS_ACK_BYTES, SettingId, writeSettingsAck } from "./frame/settings.js";
import { parseWindowUpdate } from "./frame/window-update.js";
import { FrameReader, type FrameSink } from "./frame-reader.js";
import type { ConnectionHandler } from "./handlers.js";
import { HeaderAssembly } from "./header-assembly.js";
import { HeaderWriter } from "./header-writer.js";
import { Decoder } from "./hpack/decoder.js";
import type { HeaderList } from "./hpack/header-list.js";
import { InboundData } from "./inbound-data.js";
import { type ConnectionOptions, connectionDefaults } from "./options.js";
import { Output, type OutputOwner } from "./output.js";
import { Pings } from "./pings.js";
import { Sender } from "./sender.js";
import { defaultSettings, PeerSettings, type Settings } from "./settings.js";
import { SettingsExchange, type SettingsOwner } from "./settings-exchange.js";
import { SocketEnd } from "./socket-end.js";
import { StallWatch } from "./stall-watch.js";
import type { Reservation, Stream } from "./stream.js";
import { StreamTable } from "./stream-table.js";

/** What differs between client and server. */
export interface ConnectionRole {
  readonly isServer: boolean;
  /** The highest stream of the peer that we have acted on, for GOAWAY: 0 for a client, since there is no push. */
  readonly lastPeerStreamId: number;
  /** The highest stream we have opened: 0 for a server. */
  readonly lastOwnStreamId: number;
  /** Whether a stream that is not open has never been. */
  isIdle(streamId: number): boolean;
  /** A whole field block; `extra` is the decoder's. */
  onHeaders(
    streamId: number,
    list: HeaderList,
    extra: readonly string[],
    endStream: boolean,
    priorityValid: boolean,
  ): void;
  onGoAway(goAway: GoAway): void;
  onPeerSettings(): void;
  /** After received bytes have been parsed, and before a batch is written: the time for what should not happen in between. */
  onTurn(): void;
}

/** Open; or open for the streams there are, but not for new ones; or over. */
export const ConnectionPhase = { OPEN: 0, DRAINING: 1, CLOSED: 2 } as const;
export type ConnectionPhase = (typeof ConnectionPhase)[keyof typeof ConnectionPhase];

/**
 * One connection: what both roles share. It owns the parts (reader, output, windows, compression), passes each frame to the part
 * it concerns, and is where streams and the connection itself come to an end. What a frame means is said in the parts.
 */
export class Connection implements FrameSink, OutputOwner, SettingsOwner {
  phase: ConnectionPhase = ConnectionPhase.OPEN;
  readonly socket: Socket;
  readonly role: ConnectionRole;
  readonly handler: ConnectionHandler;
  readonly output: Output;
  readonly peer = new PeerSettings();
  readonly guard: AbuseGuard;
  readonly streams = new StreamTable<Stream>();
  readonly sender: Sender;
  readonly headers: HeaderWriter;
  readonly inbound: InboundData;
  readonly pings: Pings;
  readonly settings: SettingsExchange;
  readonly maxWaitingBytes: number;
  readonly reservation: Reservation = { buffer: new Uint8Array(0), start: -1, end: -1 };
  private readonly stallWatch: StallWatch;
  private readonly closedStreams = new ClosedStreams();
  private readonly reader: FrameReader;
  private readonly decoder: Decoder;
  private readonly assembly: HeaderAssembly;
  private readonly fragment = new Fragment();
  private readonly socketEnd: SocketEnd;
  private settingsSeen = false;
  /** Not every frame may come now: see checkOrder. */
  private isOrdered = true;
  /** Streams up to this one have been handed to a connected socket; and will be, with the write under way. */
  private handedOver = 0;
  private leaving = 0;

  constructor(socket: Socket, role: ConnectionRole, handler: ConnectionHandler, options: ConnectionOptions) {
    const settings = { ...defaultSettings, ...options.settings };
    this.socket = socket;
    this.role = role;
    this.handler = handler;
    this.output = new Output(socket, this);
    this.guard = new AbuseGuard(options.abuseLimits);
    this.sender = new Sender(this.output, this.peer, this.guard);
    this.headers = new HeaderWriter(this.output, this.peer, options.encoder ?? {});
    this.inbound = new InboundData(this, options.connectionWindowSize ?? connectionDefaults.connectionWindowSize);
    this.pings = new Pings(this.output);
    this.maxWaitingBytes = options.maxWaitingBytes ?? connectionDefaults.maxWaitingBytes;
    const settingsTimeoutMs = options.settingsTimeoutMs ?? connectionDefaults.settingsTimeoutMs;
    this.settings = new SettingsExchange(this.output, this, settingsTimeoutMs);
    const stallTimeoutMs = options.stallTimeoutMs ?? connectionDefaults.stallTimeoutMs;
    this.stallWatch = new StallWatch(this.sender, stallTimeoutMs, (waitingBytes) => this.onStall(waitingBytes));
    this.reader = new FrameReader(this, this.settings.inForce.maxFrameSize);
    this.decoder = new Decoder(settings.maxHeaderListSize);
    this.assembly = new HeaderAssembly(settings.maxHeaderListSize);
    this.socketEnd = new SocketEnd(socket, this);
  }

  /** Our side of the connection preface (RFC 9113 §3.4), but for a client's magic bytes. */
  start(options: ConnectionOptions): void {
    const push: [number, number][] = this.role.isServer ? [] : [[SettingId.ENABLE_PUSH, 0]];
    this.settings.announce({ ...defaultSettings, ...options.settings }, push);
    this.inbound.open();
  }

  /** Our settings as the peer is held to them. */
  get local(): Settings {
    return this.settings.inForce;
  }

  receive(buffer: Uint8Array, start: number, end: number): void {
    if (this.phase === ConnectionPhase.CLOSED) return;
    try {
      this.reader.read(buffer, start, end);
    } catch (error) {
      this.fail(asConnectionError(error));
    }
    this.role.onTurn();
  }

  /** Bytes of the socket's `data` events are received from now on. */
  readSocket(receive: (chunk: Buffer) => void): void {
    this.socketEnd.read(receive);
  }

  onDataBegin(streamId: number, length: number, padding: number, endStream: boolean): void {
    if (this.isOrdered) this.checkOrder(FrameType.DATA);
    if (streamId === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "data frame on stream 0");
    this.inbound.begin(streamId, length, padding, endStream);
  }

  onDataPiece(buffer: Uint8Array, start: number, end: number, isLast: boolean): void {
    this.inbound.piece(buffer, start, end, isLast);
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
        this.guard.countControl();
        const code = priorityProblem(streamId, buffer, start, end);
        if (code !== ErrorCode.NO_ERROR) this.streamErrorById(streamId, code, "priority frame in error");
        break;
      }
      case FrameType.RST_STREAM:
        this.onRstStream(streamId, parseRstStream(streamId, buffer, start, end));
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
        this.guard.countControl();
        this.role.onGoAway(parseGoAway(streamId, buffer, start, end));
        break;
      case FrameType.WINDOW_UPDATE:
        this.onWindowUpdate(streamId, parseWindowUpdate(buffer, start, end));
        break;
      case FrameType.CONTINUATION:
        this.onContinuation(flags, streamId, buffer, start, end);
        break;
      default: // unknown frames are ignored (RFC 9113 §4.1, §5.5)
        this.guard.countControl();
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
    if (start === end) this.guard.countControl();
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
    this.role.onHeaders(streamId, list, this.decoder.extra, endStream, priorityValid);
  }

  private onRstStream(streamId: number, code: number): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.checkNotIdle("rst_stream", streamId);
      this.closedStreams.forget(streamId);
      this.guard.countControl();
      return;
    }
    stream.closed();
    if (this.role.isServer) this.guard.countReset();
    const message = `stream ${streamId} was reset by the peer: ${errorCodeName(code)}`;
    const notProcessed = code === ErrorCode.REFUSED_STREAM;
    stream.deliverReset(new StreamError(code, streamId, message, "peer", notProcessed));
  }

  private onSettings(flags: number, streamId: number, buffer: Uint8Array, start: number, end: number): void {
    const { peer } = this;
    const isAck = (flags & Flag.ACK) !== 0;
    const windowBefore = peer.initialWindowSize;
    const isServer = this.role.isServer;
    parseSettings(flags, streamId, buffer, start, end, (id, value) => {
      peer.apply(id, value, !isServer);
      // Each value counts, not only the last: a table emptied and enlarged again is empty (RFC 7541 §4.2).
      if (id === SettingId.HEADER_TABLE_SIZE) this.headers.encoder.setPeerTableSize(value);
    });
    if (isAck) {
      if (!this.settingsSeen) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "acknowledgement before settings");
      this.settings.acknowledged();
      return;
    }
    this.settingsSeen = true;
    this.isOrdered = false;
    this.guard.countSettings();
    this.output.reserve(SETTINGS_ACK_BYTES);
    this.output.at = writeSettingsAck(this.output.buffer, this.output.at);
    const delta = peer.initialWindowSize - windowBefore;
    if (delta !== 0) this.sender.shiftWindows(this.streams.all(), delta);
    this.role.onPeerSettings();
  }

  private onPing(flags: number, streamId: number, buffer: Uint8Array, start: number, end: number): void {
    checkPing(streamId, start, end);
    if ((flags & Flag.ACK) !== 0) {
      if (!this.pings.acknowledged(buffer, start)) this.guard.countControl();
      return;
    }
    this.guard.countControl();
    this.guard.countReply();
    this.output.reserve(PING_BYTES);
    this.output.at = writePingAck(this.output.buffer, this.output.at, buffer, start);
  }

  private onWindowUpdate(streamId: number, increment: number): void {
    this.guard.countControl();
    if (streamId === 0) {
      if (increment === 0) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "window_update of 0 on the connection");
      this.sender.growConnectionWindow(increment);
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      this.checkNotIdle("window_update", streamId);
      return; // for a stream just closed: it crossed with the end (RFC 9113 §5.1)
    }
    if (increment === 0) this.streamError(stream, ErrorCode.PROTOCOL_ERROR, "window_update of 0");
    else if (!this.sender.growStreamWindow(stream, increment)) {
      this.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR, `window would exceed 2^31 - 1 with ${increment} more`);
    }
  }

  /** DATA for a stream that is not open: an error of the connection, of the stream, or none, by what the stream was. */
  onClosedStreamData(streamId: number, endStream: boolean): void {
    this.checkNotIdle("data", streamId);
    if (!this.closedStreams.wasReset(streamId)) {
      this.streamErrorById(streamId, ErrorCode.STREAM_CLOSED, "data frame on a closed stream");
    } else if (endStream) this.closedStreams.forget(streamId);
  }

  /** HEADERS likewise (RFC 9113 §5.1, closed). */
  onClosedStreamHeaders(streamId: number, endStream: boolean): void {
    this.checkNotIdle("headers", streamId);
    if (!this.closedStreams.wasReset(streamId)) {
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, `headers frame on closed stream ${streamId}`);
    }
    this.guard.countControl();
    if (endStream) this.closedStreams.forget(streamId);
  }

  private checkNotIdle(what: string, streamId: number): void {
    if (this.role.isIdle(streamId)) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `${what} frame on idle stream ${streamId}`);
    }
  }

  /** The peer broke a rule that concerns one stream only (RFC 9113 §5.4.2). */
  streamError(stream: Stream, code: number, problem: string): void {
    this.guard.countProvokedReset();
    this.resetStream(stream, code);
    const message = `stream ${stream.id}: ${problem}`;
    stream.deliverReset(new StreamError(code, stream.id, message, "local"));
  }

  /** The same where there may be no stream object. */
  streamErrorById(streamId: number, code: number, problem: string): void {
    const stream = this.streams.get(streamId);
    if (stream !== undefined) {
      this.streamError(stream, code, problem);
      return;
    }
    this.guard.countProvokedReset();
    this.writeRstStream(streamId, code);
  }

  resetStream(stream: Stream, code: number): void {
    this.closedStreams.remember(stream.id);
    stream.closed();
    this.writeRstStream(stream.id, code);
  }

  /** For a stream that never became an object, through the peer's fault. */
  refuseStream(streamId: number, code: number): void {
    this.guard.countProvokedReset();
    this.closedStreams.remember(streamId);
    this.writeRstStream(streamId, code);
  }

  private writeRstStream(streamId: number, code: number): void {
    if (this.phase === ConnectionPhase.CLOSED) return;
    this.output.reserve(RST_STREAM_BYTES);
    this.output.at = writeRstStream(this.output.buffer, this.output.at, streamId, code);
  }

  /** Called by the stream itself, for whatever reason it closed. */
  streamClosed(stream: Stream): void {
    this.streams.remove(stream);
    this.sender.drop(stream);
    this.inbound.settle(stream);
  }

  /** A callback of the owner threw: a fault on our side, and of this stream only. */
  handlerFailed(stream: Stream | null, error: unknown): void {
    if (stream !== null) stream.reset(ErrorCode.INTERNAL_ERROR);
    this.reportHandlerError(error);
  }

  private reportHandlerError(error: unknown): void {
    try {
      if (this.handler.onHandlerError !== undefined) this.handler.onHandlerError(error);
      else process.emitWarning(error instanceof Error ? error : new Error(String(error)));
    } catch {
      // The reporter itself is broken; there is nobody left to tell.
    }
  }

  /** Calls one of the connection handler's methods. */
  notify(call: (handler: ConnectionHandler) => void): void {
    try {
      call(this.handler);
    } catch (error) {
      this.reportHandlerError(error);
    }
  }

  /** Streams opened later have not left this process. */
  wasHandedOver(streamId: number): boolean {
    return streamId <= this.handedOver;
  }

  beforeWrite(): void {
    this.sender.pump();
    this.stallWatch.observe();
    this.role.onTurn();
    this.leaving = this.role.lastOwnStreamId;
    if (!this.socket.connecting) this.handedOver = this.leaving;
  }

  afterWrite(): void {
    this.handedOver = this.leaving;
    this.guard.outputDrained();
    this.socketEnd.outputDrained();
  }

  onLocalSettings(before: Settings, now: Settings): void {
    this.reader.maxFrameSize = now.maxFrameSize;
    this.decoder.setTableLimit(now.headerTableSize);
    const delta = now.initialWindowSize - before.initialWindowSize;
    if (delta !== 0) this.inbound.resize(this.streams.all(), delta);
  }

  onSettingsTimeout(error: ConnectionError): void {
    this.fail(error);
  }

  private onStall(waitingBytes: number): void {
    this.fail(calm(`bytes (${waitingBytes}) waiting for windows that stay shut (CVE-2019-9517)`));
  }

  writeGoAway(lastStreamId: number, code: number, debug: string): void {
    this.output.reserve(goAwayBytes(debug));
    this.output.at = writeGoAway(this.output.buffer, this.output.at, lastStreamId, code, debug);
  }

  /** A connection error (RFC 9113 §5.4.1): GOAWAY with its code, and everything ends. */
  fail(error: ConnectionError): void {
    if (this.phase === ConnectionPhase.CLOSED) return;
    if (error.origin === "local") this.writeGoAway(this.role.lastPeerStreamId, error.code, error.message);
    else this.output.discard();
    this.close(error);
    this.socketEnd.end();
  }

  /** Nothing is left to do: the connection ends in order. */
  finish(): void {
    if (this.phase === ConnectionPhase.CLOSED) return;
    this.close(null);
    this.socketEnd.end();
  }

  /** At once, without a word to the peer. */
  destroy(error: ConnectionError): void {
    this.output.discard();
    this.close(error);
    this.socket.destroy();
  }

  private close(error: ConnectionError | null): void {
    if (this.phase === ConnectionPhase.CLOSED) return;
    this.output.end();
    this.phase = ConnectionPhase.CLOSED;
    this.reader.stopped = true;
    this.settings.stop();
    this.stallWatch.stop();
    const cause = error ?? new ConnectionError(ErrorCode.NO_ERROR, "connection was closed");
    for (const stream of this.streams.all()) {
      stream.closed();
      const notProcessed = !this.role.isServer && !this.wasHandedOver(stream.id);
      stream.deliverReset(
        new StreamError(
          cause.code,
          stream.id,
          `stream ${stream.id}: ${cause.message}`,
          cause.origin,
          notProcessed,
          cause,
        ),
      );
    }
    try {
      this.pings.fail(cause);
    } catch (thrown) {
      this.reportHandlerError(thrown);
    }
    this.notify((handler) => handler.onClose?.(error));
  }
}

/** No control frame needs more; SETTINGS of 16 KiB are 2,730 entries of six that exist. */
const MAX_CONTROL_BYTES = 16_384;

function asConnectionError(error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error;
  // Not a mistake of the peer but of this library: the connection ends, the process does not.
  const message = error instanceof Error ? error.message : String(error);
  return new ConnectionError(ErrorCode.INTERNAL_ERROR, `internal error: ${message}`, "local", error);
}
