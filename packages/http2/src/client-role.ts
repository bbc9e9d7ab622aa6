import { calm, MAX_INFORMATIONAL } from "./abuse-limits.js";
import { ClientStream } from "./client-stream.js";
import { type Connection, ConnectionPhase, type ConnectionRole } from "./connection.js";
import { ErrorCode, RequestRefusedError, StreamError } from "./errors.js";
import { type GoAway, goAwayReason } from "./frame/goaway.js";
import type { ClientConnectionHandler, ResponseHandler } from "./handlers.js";
import type { HeaderBlock } from "./header-block.js";
import type { HeaderList } from "./hpack/header-list.js";
import { admitTrailers, beginBody, expectBody, oversizedProblem, problemOf } from "./inbound-message.js";
import { ListRole } from "./message-rules.js";
import { MAX_WINDOW } from "./settings.js";
import type { Stream } from "./stream.js";
import { MessagePhase, mayReceive } from "./stream-state.js";

/** Streams opened before the server has said how many it takes; RFC 9113 §6.5.2 recommends that it be no fewer. */
const STREAMS_BEFORE_SETTINGS = 100;

/** What a client does that a server does not: opens streams, receives responses, and is told to go away. */
export class ClientRole implements ConnectionRole {
  readonly isServer = false;
  readonly lastPeerStreamId = 0;
  lastOwnStreamId = -1;
  core!: Connection; // set by ClientConnection, right after both are made
  private readonly handler: ClientConnectionHandler;
  private settingsSeen = false;
  /** The server's settings have come, and the owner has not been told. */
  private settingsDue = false;
  /** A request was refused, or the last stream taken: say when there is room again. */
  private starved = false;
  private goAwaySent = false;

  constructor(handler: ClientConnectionHandler) {
    this.handler = handler;
  }

  available(): number {
    const { core } = this;
    const limit = this.settingsSeen ? core.peer.maxConcurrentStreams : STREAMS_BEFORE_SETTINGS;
    if (limit <= core.streams.count) return 0;
    return Math.min(limit - core.streams.count, (MAX_WINDOW - this.lastOwnStreamId) >>> 1);
  }

  open(block: HeaderBlock, extra: readonly string[], handler: ResponseHandler): ClientStream {
    const { core } = this;
    if (core.phase !== ConnectionPhase.OPEN) throw this.refusal();
    const available = this.available();
    if (available <= 1) this.starved = true;
    if (available < 1) throw this.refusal();
    core.headers.check(block, extra);
    this.lastOwnStreamId += 2;
    const stream = new ClientStream(core, this.lastOwnStreamId, handler, block.isHead);
    core.streams.add(stream);
    return stream;
  }

  isIdle(streamId: number): boolean {
    return streamId > this.lastOwnStreamId || (streamId & 1) === 0;
  }

  onHeaders(
    streamId: number,
    list: HeaderList,
    extra: readonly string[],
    endStream: boolean,
    priorityValid: boolean,
    fieldBytes: number,
  ): void {
    const { core } = this;
    const stream = core.streams.get(streamId) as ClientStream | undefined; // the only ones there are
    if (stream === undefined) {
      core.onClosedStreamHeaders(streamId, endStream);
      return;
    }
    if (!priorityValid) core.streamError(stream, ErrorCode.PROTOCOL_ERROR, "stream depends on itself");
    else if (stream.received !== MessagePhase.BEFORE_HEADERS)
      this.onTrailers(stream, list, extra, endStream, fieldBytes);
    else this.onResponse(stream, list, extra, endStream, fieldBytes);
  }

  private onResponse(
    stream: ClientStream,
    list: HeaderList,
    extra: readonly string[],
    endStream: boolean,
    fieldBytes: number,
  ): void {
    const { core } = this;
    if (!mayReceive(stream.state)) {
      core.streamError(stream, ErrorCode.STREAM_CLOSED, "headers frame after the end of the message");
      return;
    }
    if (list.oversized) {
      core.streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, oversizedProblem(list));
      return;
    }
    const problem = problemOf(list, extra, ListRole.RESPONSE);
    if (problem !== null) {
      core.streamError(stream, ErrorCode.PROTOCOL_ERROR, problem);
      return;
    }
    if (list.status < 200) {
      this.onInformational(stream, list, extra, endStream);
      return;
    }
    const hasBody = !stream.isHead && list.status !== 304 && list.status !== 204;
    if (hasBody && !expectBody(stream, list, extra, endStream)) {
      core.streamError(stream, ErrorCode.PROTOCOL_ERROR, "no body although content-length promises one");
      return;
    }
    if (fieldBytes > 0 && !endStream && !this.hold(stream, fieldBytes)) return;
    beginBody(stream, endStream);
    try {
      stream.handler.onHeaders(stream, list, extra, endStream);
    } catch (error) {
      core.handlerFailed(stream, error);
    }
  }

  /** Whoever has called may keep the fields until the response is over. Returns false if there is no room for them. */
  private hold(stream: ClientStream, fieldBytes: number): boolean {
    const { core } = this;
    if (!core.windows.hasRoomForFields(fieldBytes)) {
      core.streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, "the fields of all open responses are larger than allowed");
      return false;
    }
    core.windows.holdFields(stream, fieldBytes);
    return true;
  }

  private onInformational(stream: ClientStream, list: HeaderList, extra: readonly string[], endStream: boolean): void {
    const { core } = this;
    if (endStream) {
      core.streamError(stream, ErrorCode.PROTOCOL_ERROR, `response with status ${list.status} ends the stream`);
      return;
    }
    if (++stream.informational > MAX_INFORMATIONAL) throw calm("informational responses");
    try {
      stream.handler.onInformational?.(stream, list, extra);
    } catch (error) {
      core.handlerFailed(stream, error);
    }
  }

  private onTrailers(
    stream: ClientStream,
    list: HeaderList,
    extra: readonly string[],
    endStream: boolean,
    fieldBytes: number,
  ): void {
    if (fieldBytes > 0 && !this.hold(stream, fieldBytes)) return;
    if (!admitTrailers(this.core, stream, list, extra, endStream)) return;
    try {
      stream.handler.onTrailers(stream, list, extra);
    } catch (error) {
      this.core.handlerFailed(stream, error);
    }
  }

  /** RFC 9113 §6.8: what is above the last stream was not processed and may be sent again elsewhere. */
  onGoAway(goAway: GoAway): void {
    const { core } = this;
    if (core.phase === ConnectionPhase.OPEN) core.phase = ConnectionPhase.DRAINING;
    for (const stream of core.streams.all()) {
      if (stream.id > goAway.lastStreamId && !stream.isClosed) this.failUnprocessed(stream, goAway);
    }
    core.notify((handler) => handler.onGoAway?.(goAway));
  }

  private failUnprocessed(stream: Stream, goAway: GoAway): void {
    const { code, lastStreamId } = goAway;
    const { id } = stream;
    stream.closed();
    const message = `stream ${id} was not processed: goaway after stream ${lastStreamId} (${goAwayReason(goAway)})`;
    stream.deliverReset(new StreamError(code, id, message, "peer", true));
  }

  onPeerSettings(): void {
    this.starved = true;
    this.settingsSeen = this.settingsDue = true;
  }

  onTurn(): void {
    const { core } = this;
    if (core.phase === ConnectionPhase.DRAINING && core.streams.count === 0) {
      this.sayGoAway();
      core.finish();
    }
    if (this.settingsDue && core.phase === ConnectionPhase.OPEN) {
      this.settingsDue = false;
      core.notify(() => this.handler.onSettings?.());
    }
    if (!this.starved || core.phase !== ConnectionPhase.OPEN || this.available() < 1) return;
    this.starved = false;
    core.notify(() => this.handler.onCapacity?.());
  }

  drain(): void {
    const { core } = this;
    if (core.phase === ConnectionPhase.CLOSED) return;
    core.phase = ConnectionPhase.DRAINING;
    core.output.schedule();
  }

  assertNotClosed(): void {
    if (this.core.phase === ConnectionPhase.CLOSED) throw this.refusal();
  }

  private sayGoAway(): void {
    if (this.goAwaySent) return;
    this.goAwaySent = true;
    this.core.writeGoAway(0, ErrorCode.NO_ERROR, "");
  }

  private refusal(): RequestRefusedError {
    const { core } = this;
    if (core.phase === ConnectionPhase.CLOSED) return new RequestRefusedError("closed", "connection is closed");
    if (core.phase === ConnectionPhase.DRAINING) return new RequestRefusedError("closing", "connection is closing");
    if (this.lastOwnStreamId >= MAX_WINDOW) {
      return new RequestRefusedError("ids-exhausted", "all stream ids of the connection are used");
    }
    const message = `${core.streams.count} streams are open, as many as the server takes`;
    return new RequestRefusedError("no-capacity", message);
  }
}
