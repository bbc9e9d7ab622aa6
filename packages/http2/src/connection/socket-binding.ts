import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "../real-timers.js";
import type { Connection } from "./connection.js";

/** How long a peer may take to read what is left and close its side, before the socket is taken away. */
const LINGER_MS = 1_000;

/** Frames other than DATA that may wait for a peer that does not read: responses' fields, trailers, replies. */
const MAX_WAITING_FRAMES = 4 * 2 ** 20;

/** Joins a connection to its socket: bytes in, and every way in which the socket ends. */
export class SocketBinding {
  private readonly socket: Socket;
  private readonly connection: Connection;
  /** Why nothing is read at the moment: the peer does not read either; the connection's share of this turn is used up. */
  private held = false;
  private resting = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(socket: Socket, connection: Connection) {
    this.socket = socket;
    this.connection = connection;
    socket.on("error", (error) => this.failed(error));
    socket.on("end", () => {
      connection.receiveRest();
      this.peerEnded();
    });
    socket.on("close", () => this.closed());
  }

  get isHeld(): boolean {
    return this.held;
  }

  /** Whether what the peer sends is read as it comes. */
  get isReading(): boolean {
    return !this.held && !this.resting;
  }

  /** Until `resumeReading()`. */
  pauseReading(): void {
    if (this.socket.destroyed) return;
    this.resting = true;
    this.socket.pause();
  }

  resumeReading(): void {
    this.resting = false;
    if (!this.held && !this.socket.destroyed) this.socket.resume();
  }

  /** Something has been received, and more may have been written because of it. */
  received(): void {
    const { role, output } = this.connection;
    if (role.isServer && output.isWriting) this.holdIfFull();
  }

  outputDrained(): void {
    if (!this.held) return;
    this.held = false;
    this.connection.resume();
  }

  /** Everything is written: say so, wait for the peer to do the same, but not for long. */
  end(): void {
    if (this.socket.destroyed || this.timer !== null) return;
    if (this.held || this.resting) {
      this.held = false;
      this.resumeReading();
    }
    this.socket.end();
    this.timer = setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
  }

  /**
   * A peer that does not read is not read from: each request would add another response. Only a server does so; a client goes on
   * reading, and so two of ours never wait for each other. DATA that waits for windows is another matter: updates must be read.
   */
  private holdIfFull(): void {
    const { output, sender, maxWaitingBytes } = this.connection;
    if (output.pendingBytes <= MAX_WAITING_FRAMES && sender.waitingBytes <= maxWaitingBytes) return;
    this.held = true;
    this.socket.pause();
  }

  private peerEnded(): void {
    const { connection } = this;
    if (connection.streams.count === 0) connection.finish();
    else connection.onSocketEnd("the peer closed the connection");
  }

  private failed(error: Error): void {
    const { connection } = this;
    if (!connection.role.isServer) connection.receiveRest(); // answers; whoever made the requests is gone
    connection.onSocketEnd(`the socket failed: ${error.message}`, error);
  }

  private closed(): void {
    const { connection } = this;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (!connection.role.isServer) connection.receiveRest();
    this.peerEnded();
  }
}
