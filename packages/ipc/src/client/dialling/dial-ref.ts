import { orAborted } from "../../time/abortable.js";
import { clearInterval, maxTimerMs, setInterval } from "../../time/real-timers.js";
import type { Session, SessionSource } from "./session.js";

/**
 * A dial does not hold the process, however long its server is silent: those who wait for it do, and only while they wait. Several of
 * them share one hold.
 */
const refs = new WeakMap<Promise<unknown>, DialRef>();

class DialRef {
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
export function refWhileDialling(opening: Promise<Session>): () => void {
  let ref = refs.get(opening);
  if (ref === undefined) {
    ref = new DialRef();
    refs.set(opening, ref);
  }
  ref.enter();
  const entered = ref;
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
  const leave = refWhileDialling(opening);
  try {
    return await (signal === undefined ? opening : orAborted(opening, signal));
  } finally {
    leave();
  }
}
