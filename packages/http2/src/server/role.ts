import type { Connection } from "../connection/connection.js";
import { ConnectionPhase, type ConnectionRole } from "../connection/role.js";
import { MAX_WINDOW } from "../connection/settings.js";
import { ConnectionError, ErrorCode, type StreamError } from "../errors.js";
import type { GoAway } from "../frame/goaway.js";
import type { FieldSection } from "../receive/field-section.js";
import { admitTrailers, beginBody, expectBody, problemOf } from "../receive/message.js";
import { ListRole } from "../receive/message-rules.js";
import type { ServerConnectionHandler } from "./handler.js";
import { type RequestHandler, ServerStream } from "./stream.js";

/**
 * The handler of a stream while `onStream` has not returned the real one. It passes a reset that happens meanwhile on
 * to the real handler.
 */
class PlaceholderHandler implements RequestHandler {
  error: StreamError | null = null;

  onData(): void {}

  onTrailers(): void {}

  onReset(_stream: ServerStream, error: StreamError): void {
    this.error = error;
  }

  passOn(stream: ServerStream): void {
    const { error } = this;
    this.error = null;
    if (error !== null) stream.deliverReset(error);
  }
}

/** The server's part of a connection: it receives requests, refuses some, and sends GOAWAY. */
export class ServerRole implements ConnectionRole {
  readonly isServer = true;
  readonly lastOwnStreamId = 0;
  lastPeerStreamId = 0;
  /** The highest stream id that has been accepted or refused. Streams above it are idle. */
  private lastSeen = 0;
  /** Whether the client's first SETTINGS have been received. */
  private hasBegun = false;
  core!: Connection; // is set by ServerConnection right after both have been created
  private readonly handler: ServerConnectionHandler;
  private readonly placeholder = new PlaceholderHandler();
  /** The last stream of the second GOAWAY. Streams above it are refused. */
  private lastAccepted = MAX_WINDOW;

  constructor(handler: ServerConnectionHandler) {
    this.handler = handler;
  }

  isIdle(streamId: number): boolean {
    return streamId > this.lastSeen || (streamId & 1) === 0;
  }

  onHeaders(section: FieldSection): void {
    const { core } = this;
    const { streamId } = section;
    const stream = core.streams.get(streamId) as ServerStream | undefined; // a server has no other kind of stream
    if (stream !== undefined) this.onTrailers(stream, section);
    else if ((streamId & 1) === 0) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `headers frame on even stream ${streamId}`);
    } else if (streamId <= this.lastSeen) core.onClosedStreamHeaders(streamId, section.endStream);
    else {
      this.lastSeen = streamId;
      if (streamId <= this.lastAccepted) this.lastPeerStreamId = streamId;
      if (core.hasPendingReset(streamId)) {
        core.guard.countReset();
        return;
      }
      const code = this.admit(section);
      if (code === ErrorCode.NO_ERROR) this.onRequest(section);
      else core.refuseStream(streamId, code);
    }
  }

  /** Returns the code with which a new stream must be refused, or NO_ERROR if it is accepted. */
  private admit(section: FieldSection): number {
    const { core } = this;
    if (section.streamId > this.lastAccepted) return ErrorCode.REFUSED_STREAM;
    if (!section.priorityValid) return ErrorCode.PROTOCOL_ERROR;
    if (section.list.oversized) return ErrorCode.ENHANCE_YOUR_CALM;
    if (core.streams.count >= core.local.maxConcurrentStreams) return ErrorCode.REFUSED_STREAM;
    if (core.sender.waitingBytes > core.maxWaitingBytes) return ErrorCode.REFUSED_STREAM;
    if (!core.windows.hasRoomForFields(section.memoryBytes)) return ErrorCode.REFUSED_STREAM;
    return problemOf(section, ListRole.REQUEST) === null ? ErrorCode.NO_ERROR : ErrorCode.PROTOCOL_ERROR;
  }

  private onRequest(section: FieldSection): void {
    const { core } = this;
    const { streamId, list, extra, endStream, memoryBytes } = section;
    const stream = new ServerStream(core, streamId, this.placeholder);
    if (!expectBody(stream, section)) {
      core.refuseStream(streamId, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    core.streams.add(stream);
    if (memoryBytes > 0) core.windows.holdFields(stream, memoryBytes);
    beginBody(stream, endStream);
    try {
      stream.handler = this.handler.onStream(stream, list, extra, endStream);
    } catch (error) {
      core.handlerFailed(stream, error);
    }
    if (this.placeholder.error !== null) this.placeholder.passOn(stream);
  }

  private onTrailers(stream: ServerStream, section: FieldSection): void {
    const { core } = this;
    if (!section.priorityValid) {
      core.streamError(stream, ErrorCode.PROTOCOL_ERROR, "stream depends on itself");
      return;
    }
    if (!admitTrailers(stream, section)) return;
    try {
      stream.handler.onTrailers(stream, section.list, section.extra);
    } catch (error) {
      core.handlerFailed(stream, error);
    }
  }

  /**
   * Reports the client's GOAWAY. It forbids pushes, which we never send, and says that the client is about to leave.
   */
  onGoAway(goAway: GoAway): void {
    this.core.notify((handler) => handler.onGoAway?.(goAway));
  }

  onPeerSettings(): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.core.notify(() => this.handler.onBegun?.());
  }

  onTurn(): void {
    const { core } = this;
    if (core.phase === ConnectionPhase.DRAINING && core.streams.count === 0) core.finish();
  }

  /**
   * Sends a first GOAWAY that still accepts every stream. One round trip later, no stream can be on its way unseen, so
   * a second GOAWAY names the last stream (RFC 9113 §6.8).
   */
  drain(): void {
    const { core } = this;
    if (core.phase !== ConnectionPhase.OPEN) return;
    core.phase = ConnectionPhase.CLOSING;
    core.writeGoAway(MAX_WINDOW, ErrorCode.NO_ERROR, "");
    core.pings.send((_roundTripMs, error) => {
      if (error !== null) return;
      this.lastAccepted = this.lastPeerStreamId;
      core.writeGoAway(this.lastAccepted, ErrorCode.NO_ERROR, "");
      core.phase = ConnectionPhase.DRAINING;
    });
  }
}
