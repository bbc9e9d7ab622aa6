import { orAborted } from "../../time/abortable.js";
import { clearInterval, maxTimerMs, setInterval } from "../../time/real-timers.js";
import type { Session, SessionSource } from "./session.js";

/**
 * A dial does not hold the process, however long its server is silent: those who wait for it do, and only while they wait. Several of
 * them share one hold.
 */
const holds = new WeakMap<Promise<unknown>, DialHold>();

class DialHold {
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;

  enter(): void {
    if (this.#waiting++ === 0) {
      this.#timer = setInterval(() => {}, maxTimerMs); // it only keeps the event loop going
    }
  }

  leave(): void {
    if (--this.#waiting === 0) {
      clearInterval(this.#timer);
    }
  }
}

/** Holds the process for somebody who waits for a session that is being opened. Returns what to call once they do not any more. */
export function holdFor(opening: Promise<Session>): () => void {
  let hold = holds.get(opening);
  if (hold === undefined) {
    hold = new DialHold();
    holds.set(opening, hold);
  }
  hold.enter();
  const entered = hold;
  return () => entered.leave();
}

/** A session for a call that waits for one until its signal is aborted. @throws whatever the signal is aborted with, or a ConnectError. */
export async function sessionFor<S extends Session>(
  sessions: SessionSource<S>,
  signal: AbortSignal | undefined,
): Promise<S> {
  const opening = sessions.session();
  if (!(opening instanceof Promise)) {
    return opening;
  }
  const leave = holdFor(opening);
  try {
    return await (signal === undefined ? opening : orAborted(opening, signal));
  } finally {
    leave();
  }
}
