import { constants } from "node:os";
import { doAtExit } from "../address/index.js";

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

/**
 * Ends as a process does that nobody taught otherwise. Where the user listens as well, the end is theirs to decide.
 *
 * A signal ends the process without "exit", so what is to be done then is done before: other servers of the process may mind no
 * signals. And the kernel drops a signal that the first process of a container sends itself and does not catch
 * (pid_namespaces(7)): it exits with the status by which a shell shows a signal.
 */
function endWith(signal: Signal, whereOthersListen: () => void): void {
  if (process.listenerCount(signal) > 0) {
    whereOthersListen();
    return;
  }
  doAtExit();
  if (process.pid === 1) {
    process.exit(128 + constants.signals[signal]);
  }
  process.kill(process.pid, signal);
}

function stopListening(): void {
  for (const signal of signals) {
    process.off(signal, onSignal);
  }
}
