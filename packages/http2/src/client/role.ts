import { enhanceYourCalm, MAX_INFORMATIONAL } from "../connection/abuse-limits.js";
import type { Connection } from "../connection/connection.js";
import { ConnectionPhase, type ConnectionRole } from "../connection/role.js";
import { MAX_WINDOW } from "../connection/settings.js";
import { ErrorCode, RequestRefusedError, StreamError } from "../errors.js";
import { type GoAway, goAwayReason } from "../frame/goaway.js";
import type { HeaderBlock } from "../hpack/header-block.js";
import type { FieldSection } from "../receive/field-section.js";
import { admitTrailers, beginBody, expectBody, oversizedProblem, problemOf } from "../receive/message.js";
import { ListRole } from "../receive/message-rules.js";
import { areHeadersReceived, mayReceive } from "../stream/state.js";
import type { Stream } from "../stream/stream.js";
import type { ClientConnectionHandler } from "./handler.js";
import { ClientStream, type ResponseHandler } from "./stream.js";

/**
 * The number of streams that may be opened before the server has announced its limit. RFC 9113 §6.5.2 recommends that
 * the limit be at least 100.
 */
const STREAMS_BEFORE_SETTINGS = 100;

/** The client's part of a connection: it opens streams, receives responses, and handles the server's GOAWAY. */
export class ClientRole implements ConnectionRole {
  readonly isServer = false;
  readonly lastPeerStreamId = 0;
  lastOwnStreamId = -1;
  core!: Connection; // is set by ClientConnection right after both have been created
  private readonly handler: ClientConnectionHandler;
  private settingsSeen = false;
  /** Whether settings have been received that `onSettings` has not reported yet. */
  private settingsDue = false;
  /** Whether `onCapacity` must report the next free stream: a request was refused, or the last stream was taken. */
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

  onHeaders(section: FieldSection): void {
    const { core } = this;
    const { streamId } = section;
    const stream = core.streams.get(streamId) as ClientStream | undefined; // a client has no other kind of stream
    if (stream === undefined) {
      core.onClosedStreamHeaders(streamId, section.endStream);
      return;
    }
    if (!section.priorityValid) core.streamError(stream, ErrorCode.PROTOCOL_ERROR, "stream depends on itself");
    else if (areHeadersReceived(stream.state)) this.onTrailers(stream, section);
    else this.onResponse(stream, section);
  }

  private onResponse(stream: ClientStream, section: FieldSection): void {
    const { core } = this;
    const { list, extra, endStream } = section;
    if (!mayReceive(stream.state)) {
      core.streamError(stream, ErrorCode.STREAM_CLOSED, "headers frame after the end of the message");
      return;
    }
    if (list.oversized) {
      core.streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, oversizedProblem(list));
      return;
    }
    const problem = problemOf(section, ListRole.RESPONSE);
    if (problem !== null) {
      core.streamError(stream, ErrorCode.PROTOCOL_ERROR, problem);
      return;
    }
    if (list.status < 200) {
      this.onInformational(stream, section);
      return;
    }
    const hasBody = !stream.isHead && list.status !== 304 && list.status !== 204;
    if (hasBody && !expectBody(stream, section)) {
      core.streamError(stream, ErrorCode.PROTOCOL_ERROR, "response has no body, but its content-length is not 0");
      return;
    }
    if (section.memoryBytes > 0 && !endStream && !this.holdFields(stream, section.memoryBytes)) return;
    beginBody(stream, endStream);
    try {
      stream.handler.onHeaders(stream, list, extra, endStream);
    } catch (error) {
      core.handlerFailed(stream, error);
    }
  }

  /**
   * Records the memory of a response's fields, which the handler may keep until the stream ends. Returns false, and
   * resets the stream, if there is no room for them.
   */
  private holdFields(stream: ClientStream, memoryBytes: number): boolean {
    const { core } = this;
    if (!core.windows.hasRoomForFields(memoryBytes)) {
      core.streamError(stream, ErrorCode.ENHANCE_YOUR_CALM, "the fields of all open responses are larger than allowed");
      return false;
    }
    core.windows.holdFields(stream, memoryBytes);
    return true;
  }

  private onInformational(stream: ClientStream, { list, extra, endStream }: FieldSection): void {
    const { core } = this;
    if (endStream) {
      core.streamError(stream, ErrorCode.PROTOCOL_ERROR, `response with status ${list.status} ends the stream`);
      return;
    }
    if (++stream.informational > MAX_INFORMATIONAL) throw enhanceYourCalm("informational responses");
    try {
      stream.handler.onInformational?.(stream, list, extra);
    } catch (error) {
      core.handlerFailed(stream, error);
    }
  }

  private onTrailers(stream: ClientStream, section: FieldSection): void {
    if (section.memoryBytes > 0 && !this.holdFields(stream, section.memoryBytes)) return;
    if (!admitTrailers(stream, section)) return;
    try {
      stream.handler.onTrailers(stream, section.list, section.extra);
    } catch (error) {
      this.core.handlerFailed(stream, error);
    }
  }

  /** Fails the streams above the last one of a GOAWAY, which were not processed (RFC 9113 §6.8). */
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
    stream.deliverReset(new StreamError(code, id, message, { origin: "peer", notProcessed: true }));
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
    const message = `${core.streams.count} streams are open, as many as the server allows`;
    return new RequestRefusedError("no-capacity", message);
  }
}
