import { clearTimeout, setImmediate, setTimeout } from "../../time/real-timers.js";

/** In how many pieces a time limit runs down. */
const pieces = 8;

/** setTimeout takes no more, and fires at once for it. */
const maxPieceMs = 2 ** 31 - 1;

/**
 * A limit on how long a peer may be silent, of which only the time counts in which this process could have heard it. While the event
 * loop is blocked nothing is read; a timer alone would come first when it goes on, and give up a peer that answered long ago.
 *
 * The limit runs down in pieces. However late the timer of a piece comes, it counts as that piece and no more; and before it counts,
 * the event loop has looked at what has come.
 */
export class PeerTimeout {
  #leftMs = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Counts starts and stops: the pieces of an earlier round count for nothing. */
  #round = 0;

  constructor(
    private readonly limitMs: number,
    /** Called once the time is up. */
    private readonly onOver: () => void,
  ) {}

  /** Starts, or starts anew. It does not hold the process. */
  start(): void {
    this.stop();
    this.#leftMs = this.limitMs;
    this.#wait();
  }

  /** The peer has been heard: it has all of its time again. */
  renew(): void {
    this.#leftMs = this.limitMs;
  }

  stop(): void {
    this.#round++;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const round = this.#round;
    const pieceMs = Math.min(Math.max(1, this.limitMs / pieces), maxPieceMs);
    this.#timer = setTimeout(() => {
      // An immediate's turn comes after what the kernel has for us was read.
      setImmediate(() => {
        if (round === this.#round) {
          this.#count(pieceMs);
        }
      });
    }, pieceMs).unref();
  }

  #count(pieceMs: number): void {
    this.#leftMs -= pieceMs;
    if (this.#leftMs > 0) {
      this.#wait();
    } else {
      this.onOver();
    }
  }
}
