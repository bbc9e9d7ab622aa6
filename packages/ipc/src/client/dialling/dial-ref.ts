import { orAborted } from "../../time/abortable.js";
import { clearInterval, maxTimerMs, setInterval } from "../../time/real-timers.js";
import type { Session, SessionSource } from "./session.js";

/**
 * The references that keep the process alive during a dial. A dial itself does not keep it alive, however long its
 * server is silent; code that waits for it does, and only while it waits. All who wait for the same dial share one
 * reference.
 */
const refs = new WeakMap<Promise<unknown>, DialRef>();

class DialRef {
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;

  enter(): void {
    if (this.#waiting++ === 0) {
      this.#timer = setInterval(() => {}, maxTimerMs); // it only keeps the event loop alive
    }
  }

  leave(): void {
    if (--this.#waiting === 0) {
      clearInterval(this.#timer);
    }
  }
}

/**
 * Keeps the process alive while code waits for a session that is being opened. Returns the function to call when it
 * stops waiting.
 */
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

/**
 * Returns a session, waiting for one until the signal is aborted. @throws {ConnectError} if no session can be opened,
 * and the signal's reason.
 */
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
