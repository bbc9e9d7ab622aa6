import { clearTimeout, setImmediate, setTimeout } from "../../time/real-timers.js";

/** The number of steps in which a timeout runs down. */
const steps = 8;

/** The longest step: setTimeout takes no more, and fires at once for more. */
const maxStepMs = 2 ** 31 - 1;

/**
 * Limits how long a peer may be silent, counting only time in which this process could have received something. Nothing
 * is read while the event loop is blocked. A plain timer would fire first afterwards, and give up a peer that has
 * answered long ago.
 *
 * The timeout runs down in steps. However late the timer of a step fires, it counts as that step only, and the event
 * loop reads what has arrived before it counts.
 */
export class PeerTimeout {
  #leftMs = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Counts starts and stops, so that steps of an earlier round are ignored. */
  #round = 0;

  constructor(
    private readonly limitMs: number,
    /** Called once when the time is up. */
    private readonly onOver: () => void,
  ) {}

  /** Starts the full time, again if it was running. It does not keep the process alive. */
  start(): void {
    this.stop();
    this.#leftMs = this.limitMs;
    this.#wait();
  }

  /** Gives the peer the full time again. Called when something of it has arrived. */
  renew(): void {
    this.#leftMs = this.limitMs;
  }

  stop(): void {
    this.#round++;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const round = this.#round;
    const stepMs = Math.min(Math.max(1, this.limitMs / steps), maxStepMs);
    this.#timer = setTimeout(() => {
      // An immediate runs after the event loop has read what the kernel has received.
      setImmediate(() => {
        if (round === this.#round) {
          this.#count(stepMs);
        }
      });
    }, stepMs).unref();
  }

  #count(stepMs: number): void {
    this.#leftMs -= stepMs;
    if (this.#leftMs > 0) {
      this.#wait();
    } else {
      this.onOver();
    }
  }
}
