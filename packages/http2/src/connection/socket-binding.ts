import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "../real-timers.js";
import type { Connection } from "./connection.js";

/**
 * The time that a peer has to read what is left and to close its side before the socket is destroyed, in milliseconds.
 */
const LINGER_MS = 1_000;

/** The limit of frames other than DATA (response fields, trailers, replies) that wait for a slow reader, in bytes. */
const MAX_WAITING_FRAMES = 4 * 2 ** 20;

/**
 * Binds a connection to its socket: it pauses and resumes reading, and handles every way in which the socket may end.
 */
export class SocketBinding {
  private readonly socket: Socket;
  private readonly connection: Connection;
  /** Whether reading is paused because the peer does not read either. */
  private held = false;
  /** Whether reading is paused because the connection has used up its share of this turn of the event loop. */
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

  /** Whether the socket is being read. */
  get isReading(): boolean {
    return !this.held && !this.resting;
  }

  /** Stops reading until `resumeReading()`. */
  pauseReading(): void {
    if (this.socket.destroyed) return;
    this.resting = true;
    this.socket.pause();
  }

  resumeReading(): void {
    this.resting = false;
    if (!this.held && !this.socket.destroyed) this.socket.resume();
  }

  /** Holds a server's connection if received frames have caused more output than may wait. */
  received(): void {
    const { role, output } = this.connection;
    if (role.isServer && output.isWriting) this.holdIfFull();
  }

  outputDrained(): void {
    if (!this.held) return;
    this.held = false;
    this.connection.resume();
  }

  /** Ends our side, since everything has been written, and waits for a short time for the peer to end its side. */
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
   * Stops reading from a peer that does not read, because each further request would add a response. Only a server does
   * this: a client continues to read, so two endpoints of this library never wait for each other. DATA that waits for
   * windows is no reason to stop, since WINDOW_UPDATE must be read.
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
    if (!connection.role.isServer) connection.receiveRest(); // for a server, the client that waits for replies is gone
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
