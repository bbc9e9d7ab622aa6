import type { Socket } from "node:net";
import { ConnectionError, ErrorCode, errorCodeName, StreamError } from "../errors.js";
import { type GoAway, goAwayBytes, goAwayReason, writeGoAway } from "../frame/goaway.js";
import { RST_STREAM_BYTES, writeRstStream } from "../frame/rst-stream.js";
import { SettingId } from "../frame/settings.js";
import { DataReceiver } from "../receive/data.js";
import { FrameReceiver } from "../receive/frames.js";
import { ReceiveScheduler, type ReceiveSchedulerOwner } from "../receive/scheduler.js";
import { ReceiveWindows } from "../receive/windows.js";
import { DataSender } from "../send/data.js";
import { FieldBlockWriter } from "../send/field-block.js";
import { Output, type OutputOwner } from "../send/output.js";
import { SendQueueLimit } from "../send/queue-limit.js";
import { ClosedStreams } from "../stream/closed-streams.js";
import { PendingResets } from "../stream/pending-resets.js";
import type { Reservation, Stream } from "../stream/stream.js";
import { StreamTable } from "../stream/table.js";
import { AbuseGuard, enhanceYourCalm } from "./abuse-limits.js";
import type { ConnectionHandler } from "./handlers.js";
import { MemoryStallWatch } from "./memory-stall-watch.js";
import type { ResolvedOptions } from "./options.js";
import { Pings } from "./pings.js";
import { ConnectionPhase, type ConnectionRole } from "./role.js";
import { SendStallWatch } from "./send-stall-watch.js";
import { checkSettings, defaultSettings, PeerSettings, type Settings } from "./settings.js";
import { SettingsExchange, type SettingsOwner } from "./settings-exchange.js";
import { SocketBinding } from "./socket-binding.js";

/**
 * One HTTP/2 connection: everything that client and server have in common. It owns the parts that receive, send and
 * compress, and it is the place where streams and the connection itself end.
 *
 * This folder contains what belongs to a connection as a whole: settings, pings, limits, time limits, memory accounts,
 * the phase, and the socket's events. What only one role does belongs to client/ or server/, what concerns one stream
 * to stream/, and what concerns bytes in one direction to receive/ or send/.
 */
export class Connection implements OutputOwner, SettingsOwner, ReceiveSchedulerOwner {
  phase: ConnectionPhase = ConnectionPhase.OPEN;
  readonly socket: Socket;
  readonly role: ConnectionRole;
  readonly handler: ConnectionHandler;
  readonly output: Output;
  /** The settings that the peer has announced. */
  readonly peer = new PeerSettings();
  readonly guard: AbuseGuard;
  readonly streams = new StreamTable<Stream>();
  readonly queueLimit: SendQueueLimit;
  readonly sender: DataSender;
  readonly headers: FieldBlockWriter;
  readonly windows: ReceiveWindows;
  readonly inbound: DataReceiver;
  readonly pings: Pings;
  readonly settings: SettingsExchange;
  readonly maxWaitingBytes: number;
  readonly bytesMayBeKept: boolean;
  /** The object that all calls of `Stream.reserve()` return. */
  readonly reservation: Reservation = { buffer: new Uint8Array(0), start: -1, end: -1 };
  readonly memoryStallWatch: MemoryStallWatch;
  private readonly sendStallWatch: SendStallWatch;
  private readonly closedStreams = new ClosedStreams();
  private readonly pendingResets = new PendingResets();
  private readonly frames: FrameReceiver;
  private readonly scheduler: ReceiveScheduler;
  private readonly socketBinding: SocketBinding;
  /** The highest stream id that a write to a connected socket has contained. */
  private handedOver = 0;
  /** The highest stream id that the write under way contains. */
  private leaving = 0;
  /** The last GOAWAY of the peer, which tells why it is about to close. */
  private goAway: GoAway | null = null;

  constructor(socket: Socket, role: ConnectionRole, handler: ConnectionHandler, options: ResolvedOptions) {
    this.socket = socket;
    this.role = role;
    this.handler = handler;
    this.output = new Output(socket, this, options.earlyWriteBytes);
    this.guard = new AbuseGuard(options.abuseLimits);
    this.windows = new ReceiveWindows(this, options);
    this.maxWaitingBytes = options.maxWaitingBytes;
    this.queueLimit = new SendQueueLimit(this.windows.account, this.output, this.maxWaitingBytes);
    this.sender = new DataSender(this.output, this.peer, this.guard, this.queueLimit);
    this.headers = new FieldBlockWriter(this.output, this.peer, options.encoder);
    this.inbound = new DataReceiver(this, this.windows);
    this.pings = new Pings(this.output, (error) => this.reportHandlerError(error));
    this.settings = new SettingsExchange(this.output, this, options.settingsTimeoutMs);
    const { stallTimeoutMs } = options;
    this.memoryStallWatch = new MemoryStallWatch(this.windows.account, stallTimeoutMs, (heldBytes) =>
      this.fail(enhanceYourCalm(`bytes (${heldBytes}) held without progress while all connections exceed their limit`)),
    );
    this.sendStallWatch = new SendStallWatch(this.sender, stallTimeoutMs, (waitingBytes) => this.onStall(waitingBytes));
    this.frames = new FrameReceiver(this, this.settings.inForce, options.headerTimeoutMs);
    this.bytesMayBeKept = !options.isReadByCaller;
    this.scheduler = new ReceiveScheduler(this);
    this.socketBinding = new SocketBinding(socket, this);
  }

  /** Writes our side of the connection preface (RFC 9113 §3.4), except for the client's magic bytes. */
  start(settings: Partial<Settings>): void {
    const push: [number, number][] = this.role.isServer ? [] : [[SettingId.ENABLE_PUSH, 0]];
    const wanted = { ...defaultSettings, maxConcurrentStreams: this.windows.maxStreams, ...settings };
    this.announce(wanted, push);
    this.windows.open();
  }

  /** Announces changed settings. The initial window size is kept at its minimum while memory is scarce. */
  announce(wanted: Partial<Settings>, extraEntries: readonly (readonly [number, number])[] = []): void {
    const { initialWindowSize } = checkSettings({ ...defaultSettings, ...wanted });
    if (this.phase === ConnectionPhase.CLOSED) return;
    const window = wanted.initialWindowSize === undefined ? {} : this.windows.pressure.admit(initialWindowSize);
    this.settings.announce({ ...wanted, ...window }, extraEntries);
  }

  /** Whether the socket is being read, rather than paused. */
  get isReading(): boolean {
    return this.socketBinding.isReading;
  }

  /** Our settings that are in force, which the peer must obey. */
  get local(): Settings {
    return this.settings.inForce;
  }

  receive(buffer: Uint8Array, start: number, end: number): void {
    if (this.phase !== ConnectionPhase.CLOSED) this.scheduler.receive(buffer, start, end);
  }

  /** Processes everything that has been received and waits for a turn: the socket has ended. */
  receiveRest(): void {
    this.scheduler.flush();
  }

  beforeFrames(): void {
    this.output.answer();
  }

  onBytes(buffer: Uint8Array, start: number, end: number, maxFrames: number): number {
    try {
      return this.frames.read(buffer, start, end, maxFrames);
    } catch (error) {
      this.fail(asConnectionError(error));
      return end;
    }
  }

  afterFrames(): void {
    this.role.onTurn();
    this.socketBinding.received();
  }

  onGoAway(goAway: GoAway): void {
    this.goAway = goAway;
    this.role.onGoAway(goAway);
  }

  /** Ends the connection because its socket ended while streams are open. A GOAWAY received before gives the reason. */
  onSocketEnd(message: string, cause?: Error): void {
    const { goAway } = this;
    if (goAway === null) {
      this.fail(new ConnectionError(ErrorCode.INTERNAL_ERROR, message, "socket", cause));
      return;
    }
    const reason = goAwayReason(goAway);
    const isFault = goAway.code !== ErrorCode.NO_ERROR;
    const code = isFault ? goAway.code : ErrorCode.INTERNAL_ERROR;
    const error = new ConnectionError(code, `${message} after ${reason}`, isFault ? "peer" : "socket", cause, reason);
    this.fail(error);
  }

  /**
   * Looks for RST_STREAM in received bytes that must wait for the next turn, so that a server does not start calls that
   * have been cancelled. A client does not do this: what precedes a reset is part of the response.
   */
  onLeftOver(buffer: Uint8Array): void {
    if (!this.role.isServer) return;
    try {
      this.pendingResets.find(buffer, (streamId, code) => {
        const stream = this.streams.get(streamId);
        if (stream !== undefined) this.onStreamReset(stream, code);
        return stream !== undefined || this.role.isIdle(streamId);
      });
    } catch (error) {
      this.fail(asConnectionError(error));
    }
  }

  /** Whether received frames are held back because the peer does not read our replies. */
  get isHeld(): boolean {
    return this.socketBinding.isHeld;
  }

  /** Processes received frames again: the peer has read our replies. */
  resume(): void {
    this.scheduler.resume();
  }

  pauseReading(): void {
    this.socketBinding.pauseReading();
  }

  resumeReading(): void {
    this.socketBinding.resumeReading();
  }

  onRstStream(streamId: number, code: number): void {
    const stream = this.streams.get(streamId);
    if (stream !== undefined) {
      this.onStreamReset(stream, code);
      return;
    }
    this.checkNotIdle("rst_stream", streamId);
    if (this.pendingResets.forget(streamId)) return;
    this.closedStreams.forget(streamId);
    this.guard.countControl();
  }

  private onStreamReset(stream: Stream, code: number): void {
    const streamId = stream.id;
    if (this.role.isServer) this.guard.countReset();
    stream.closed();
    const message = `stream ${streamId} was reset by the peer: ${errorCodeName(code)}`;
    const notProcessed = code === ErrorCode.REFUSED_STREAM;
    stream.deliverReset(new StreamError(code, streamId, message, { origin: "peer", notProcessed }));
  }

  /** Handles DATA for a stream that is not open. What the stream was decides whether it is an error, and of what. */
  onClosedStreamData(streamId: number, endStream: boolean): void {
    this.checkNotIdle("data", streamId);
    if (this.pendingResets.has(streamId)) return;
    if (!this.closedStreams.wasReset(streamId)) {
      this.streamErrorById(streamId, ErrorCode.STREAM_CLOSED, "data frame on a closed stream");
    } else if (endStream) this.closedStreams.forget(streamId);
  }

  /** Handles HEADERS for a stream that is not open (RFC 9113 §5.1, "closed"). */
  onClosedStreamHeaders(streamId: number, endStream: boolean): void {
    this.checkNotIdle("headers", streamId);
    if (this.pendingResets.has(streamId)) return;
    if (!this.closedStreams.wasReset(streamId)) {
      if (this.role.isServer) {
        throw new ConnectionError(ErrorCode.STREAM_CLOSED, `headers frame on closed stream ${streamId}`);
      }
      // gRPC C++ (seen: 1.51) answers some calls twice at their deadline, each time with HEADERS, END_STREAM and
      // RST_STREAM. A client that made it a connection error would lose all its other calls because of one that is over
      // anyway.
      this.streamErrorById(streamId, ErrorCode.STREAM_CLOSED, "headers frame on a closed stream");
      return;
    }
    this.guard.countControl();
    if (endStream) this.closedStreams.forget(streamId);
  }

  /** Whether RST_STREAM has been received for a stream whose HEADERS are about to be processed. */
  hasPendingReset(streamId: number): boolean {
    return this.pendingResets.has(streamId);
  }

  checkNotIdle(what: string, streamId: number): void {
    if (this.role.isIdle(streamId)) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `${what} frame on idle stream ${streamId}`);
    }
  }

  /** Resets a stream because the peer broke a rule that concerns this stream only (RFC 9113 §5.4.2). */
  streamError(stream: Stream, code: number, problem: string): void {
    this.guard.countProvokedReset();
    this.resetStream(stream, code);
    const message = `stream ${stream.id}: ${problem}`;
    stream.deliverReset(new StreamError(code, stream.id, message, { origin: "local" }));
  }

  /** Does the same as `streamError()` where there may be no stream object. */
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

  /** Resets a stream that never got an object, because of an error or a limit that the peer has exceeded. */
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

  /** Releases everything that the connection holds for a stream. The stream calls it when it closes. */
  streamClosed(stream: Stream): void {
    this.streams.remove(stream);
    this.inbound.forget(stream);
    this.sender.drop(stream);
    this.queueLimit.forget(stream);
    this.windows.settle(stream);
  }

  /** Resets a stream with INTERNAL_ERROR because a callback of its owner threw, and reports the exception. */
  handlerFailed(stream: Stream | null, error: unknown): void {
    if (stream !== null) stream.reset(ErrorCode.INTERNAL_ERROR);
    this.reportHandlerError(error);
  }

  private reportHandlerError(error: unknown): void {
    try {
      if (this.handler.onHandlerError !== undefined) this.handler.onHandlerError(error);
      else process.emitWarning(error instanceof Error ? error : new Error(String(error)));
    } catch {
      // The reporter itself threw, and there is nothing else to report to.
    }
  }

  /** Calls one of the connection handler's callbacks and reports what it throws. */
  notify(call: (handler: ConnectionHandler) => void): void {
    try {
      call(this.handler);
    } catch (error) {
      this.reportHandlerError(error);
    }
  }

  /**
   * Whether the HEADERS of a stream have been handed to a connected socket; if not, they have not left this process.
   */
  wasHandedOver(streamId: number): boolean {
    return streamId <= this.handedOver;
  }

  beforeWrite(): void {
    this.sender.pump();
    this.queueLimit.offer();
    this.sendStallWatch.observe();
    this.role.onTurn();
  }

  onWrite(): void {
    this.leaving = this.role.lastOwnStreamId;
    if (!this.socket.connecting) this.handedOver = this.leaving;
  }

  afterWrite(): void {
    this.handedOver = this.leaving;
    this.guard.outputDrained();
    this.socketBinding.outputDrained();
  }

  onLocalSettings(before: Settings, now: Settings): void {
    this.frames.apply(now);
    const delta = now.initialWindowSize - before.initialWindowSize;
    if (delta !== 0) this.windows.resize(this.streams.all(), delta);
  }

  onSettingsTimeout(error: ConnectionError): void {
    this.fail(error);
  }

  private onStall(waitingBytes: number): void {
    this.fail(enhanceYourCalm(`bytes (${waitingBytes}) waiting for windows that stay closed (CVE-2019-9517)`));
  }

  writeGoAway(lastStreamId: number, code: number, debug: string): void {
    this.output.reserve(goAwayBytes(debug));
    this.output.at = writeGoAway(this.output.buffer, this.output.at, lastStreamId, code, debug);
  }

  /** Ends everything because of a connection error (RFC 9113 §5.4.1); a local error is sent in GOAWAY. */
  fail(error: ConnectionError): void {
    if (this.phase === ConnectionPhase.CLOSED) return;
    if (error.origin === "local") this.writeGoAway(this.role.lastPeerStreamId, error.errorCode, error.message);
    else this.output.discard();
    this.close(error);
    this.socketBinding.end();
  }

  /** Ends the connection in order: no streams are open. */
  finish(): void {
    if (this.phase === ConnectionPhase.CLOSED) return;
    this.close(null);
    this.socketBinding.end();
  }

  /** Ends the connection at once, without sending anything. */
  destroy(error: ConnectionError): void {
    this.output.discard();
    this.close(error);
    this.socket.destroy();
  }

  private close(error: ConnectionError | null): void {
    if (this.phase === ConnectionPhase.CLOSED) return;
    this.output.end();
    this.phase = ConnectionPhase.CLOSED;
    this.frames.stop();
    this.scheduler.stop();
    this.settings.stop();
    this.sendStallWatch.stop();
    this.memoryStallWatch.stop();
    this.windows.close();
    const cause = error ?? new ConnectionError(ErrorCode.NO_ERROR, "connection was closed");
    for (const stream of this.streams.all()) {
      if (stream.isClosed) continue; // the callback of another stream has reset it, so its owner knows
      stream.closed();
      const notProcessed = !this.role.isServer && !this.wasHandedOver(stream.id);
      const message = `stream ${stream.id}: ${cause.message}`;
      stream.deliverReset(
        new StreamError(cause.errorCode, stream.id, message, { origin: cause.origin, notProcessed, cause }),
      );
    }
    this.pings.fail(cause);
    this.notify((handler) => handler.onClose?.(error));
  }
}

function asConnectionError(error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error;
  // This is a fault of this library, not of the peer: it ends the connection, but not the process.
  const message = error instanceof Error ? error.message : String(error);
  return new ConnectionError(ErrorCode.INTERNAL_ERROR, `internal error: ${message}`, "local", error);
}
