import { deadlines, Timed } from "../../time/deadline-queue.js";
import { setImmediate } from "../../time/real-timers.js";

/**
 * How long the headers of a streamed response wait for its first message, in milliseconds, so that the handler can add
 * to them. Then they are sent without it: a caller may wait for them before it sends its first request, as tonic does,
 * and would wait for ever.
 */
const maxWaitMs = 1_000;

/** Calls back when the headers of a response have waited long enough. */
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

  /**
   * Waits for an immediate first. If the event loop was blocked, a request for which the handler waits may have arrived
   * long ago: it is read before the immediate runs.
   */
  onDeadline(): void {
    setImmediate(() => {
      if (!this.#isStopped) {
        this.onDue();
      }
    });
  }
}
