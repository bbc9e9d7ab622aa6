import { performance, setImmediate } from "../time/real-timers.js";

/** What one stream does before it asks whether the turn is over, and so what it may do in any turn, however many others there are. */
const slice = 16;

/** What a turn may take at most, for messages that are slow to make or to use; looked at after each slice. */
const turnMs = 8;

/** A message counts as one, and as one more for each KiB. */
const bytesPerUnit = 1_024;

/** What all streams of a thread do of one kind in a turn of the event loop, after which cancellations, deadlines and other calls come in. */
class Turns {
  #done = 0;
  #startedAt = 0;
  #next: Promise<void> | undefined;

  constructor(private readonly limit: number) {}

  /** @returns whether the turn is over with it */
  spend(units: number): boolean {
    this.#done += units;
    return this.#done >= this.limit || performance.now() - this.#startedAt >= turnMs;
  }

  /** Those who wait go on in order, and then by turns. */
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

/** One stream's part in that. */
export class Turn {
  #units = 0;

  constructor(private readonly turns: Turns) {}

  /** A message of so many bytes has been dealt with. @returns whether to wait for `next()` before the next one */
  spend(bytes: number): boolean {
    this.#units += 1 + Math.floor(bytes / bytesPerUnit);
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

/** Messages sent: about 1 µs each. Of one stream that is alone they are some 45 KB, as much as one read of the peer brings. */
export const sending: Turns = new Turns(1_024);

/**
 * Messages taken that had come before, about 1 µs each. More than one read of the socket brings, so that a reader who keeps up is never
 * held back; those who come to a full window have it in parts.
 */
export const taking: Turns = new Turns(8_192);

/** The same messages, or pieces of them, for somebody who would send them on in a loop of its own. */
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
