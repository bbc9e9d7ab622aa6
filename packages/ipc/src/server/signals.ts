import { constants } from "node:os";

/**
 * SIGINT and SIGTERM for all servers of the process: the first asks each of them to close, and when the last one has, the
 * process ends as if nobody had listened, with the status its parent expects. A second one does not wait.
 */
const closers = new Set<() => Promise<void>>();
const signals = ["SIGINT", "SIGTERM"] as const;
type Signal = (typeof signals)[number];

let caught: Signal | undefined;

/** Has `close` called when the process is told to end. Returns a function that takes it back. */
export function closeOnSignal(close: () => Promise<void>): () => void {
  if (closers.size === 0 && caught === undefined) {
    for (const signal of signals) {
      process.on(signal, onSignal);
    }
  }
  closers.add(close);
  return () => {
    closers.delete(close);
    if (closers.size === 0 && caught === undefined) {
      stopListening();
    }
  };
}

function onSignal(signal: Signal): void {
  if (caught !== undefined) {
    stopListening();
    endWith(signal, () => process.exit(128 + constants.signals[signal]));
    return;
  }
  caught = signal;
  void Promise.allSettled([...closers].map((close) => close())).then(() => {
    caught = undefined;
    stopListening();
    endWith(signal, () => {});
  });
}

/** Ends as a process does that nobody taught otherwise. Where the user listens as well, the end is theirs to decide. */
function endWith(signal: Signal, whereOthersListen: () => void): void {
  if (process.listenerCount(signal) === 0) {
    process.kill(process.pid, signal);
  } else {
    whereOthersListen();
  }
}

function stopListening(): void {
  for (const signal of signals) {
    process.off(signal, onSignal);
  }
}
