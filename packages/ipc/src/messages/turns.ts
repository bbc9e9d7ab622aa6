import { performance, setImmediate } from "../time/real-timers.js";

/**
 * The number of units after which a stream checks whether the turn is over. A stream may spend that many in any turn,
 * however many other streams there are.
 */
const slice = 16;

/**
 * The longest duration of a turn, in milliseconds, for messages that are slow to create or process. It is checked after
 * each slice.
 */
const turnMs = 8;

/** A message costs one unit, and one more for each KiB. */
const bytesPerUnit = 1_024;

/**
 * Limits the work of one kind that all streams of a thread do in a turn of the event loop, after which cancellations,
 * deadlines and other calls can run.
 */
class Turns {
  #done = 0;
  #startedAt = 0;
  #next: Promise<void> | undefined;

  constructor(private readonly limit: number) {}

  /** The number of units that are left of this turn. */
  get left(): number {
    return this.limit - this.#done;
  }

  /** Counts units. @returns whether the turn is over */
  spend(units: number): boolean {
    this.#done += units;
    return this.#done >= this.limit || performance.now() - this.#startedAt >= turnMs;
  }

  /** Resolves in the next turn, for all that wait in order. */
  next(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#next = undefined;
        this.#done = 0;
        this.#startedAt = performance.now();
        resolve();
      });
    });
    return this.#next;
  }
}

/** One stream's share of the turns. */
export class Turn {
  #units = 0;

  constructor(private readonly turns: Turns) {}

  /** The number of messages to process together at most: what is left of the turn, or a slice. */
  get most(): number {
    return Math.max(slice, this.turns.left);
  }

  /** Counts processed messages of this size together. @returns whether to wait for `next()` before the next message */
  spend(bytes: number, messages = 1): boolean {
    this.#units += messages + Math.floor(bytes / bytesPerUnit);
    if (this.#units < slice) {
      return false;
    }
    const units = this.#units;
    this.#units = 0;
    return this.turns.spend(units);
  }

  next(): Promise<void> {
    return this.turns.next();
  }
}

/**
 * The turns of sending messages, which takes about 1 µs each. For a single stream a turn is some 45 KB, about what one
 * read of the peer takes.
 */
export const sending: Turns = new Turns(1_024);

/**
 * The turns of taking received messages, about 1 µs each. The limit exceeds one read of the socket, so that a reader
 * who keeps up is never held back; only a full window is taken in several turns.
 */
export const taking: Turns = new Turns(8_192);

/**
 * Returns an iterator over the same messages, or pieces of them, for code that sends them in a loop without such
 * limits.
 */
export function inTurns<T>(source: AsyncIterator<T>): AsyncIterableIterator<T> {
  const turn = new Turn(sending);
  let isEnough = false;
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (isEnough) {
        await turn.next();
      }
      const result = await source.next();
      isEnough = !result.done && turn.spend(result.value instanceof Uint8Array ? result.value.length : 0);
      return result;
    },
    ...(source.return && { return: (value) => source.return?.(value) as Promise<IteratorResult<T>> }),
    ...(source.throw && { throw: (error) => source.throw?.(error) as Promise<IteratorResult<T>> }),
  };
}
