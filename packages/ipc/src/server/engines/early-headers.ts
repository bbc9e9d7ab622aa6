import { deadlines, Timed } from "../../time/deadline-queue.js";
import { setImmediate } from "../../time/real-timers.js";

/**
 * For how long the headers of a stream's answer wait for its first message, in milliseconds, so that the handler can add to them.
 * Then they leave without: a caller may wait for them before it sends its first request, as tonic does, and would wait for ever.
 */
const maxWaitMs = 1_000;

/** Tells when the headers of an answer have waited long enough. */
export class EarlyHeaders extends Timed {
  #isStopped = false;

  constructor(private readonly onDue: () => void) {
    super();
    deadlines.start(this, maxWaitMs);
  }

  stop(): void {
    this.#isStopped = true;
    deadlines.stop(this);
  }

  /** Where the event loop was blocked, what the handler waits for may have come long ago: it is read before an immediate's turn. */
  onDeadline(): void {
    setImmediate(() => {
      if (!this.#isStopped) {
        this.onDue();
      }
    });
  }
}
