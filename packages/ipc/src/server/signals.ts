import { constants } from "node:os";
import { cleanUpAtExit } from "../address/index.js";

/**
 * Handles SIGINT and SIGTERM for all servers of the process. The first signal asks each of them to close; when the last
 * one has, the process ends as it would without a listener, with the status that its parent expects. A second signal
 * ends it at once.
 */
const closers = new Set<() => Promise<void>>();
const signals = ["SIGINT", "SIGTERM"] as const;
type Signal = (typeof signals)[number];

let caught: Signal | undefined;

/** Arranges for `close` to be called when the process is told to end. Returns a function that undoes this. */
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
 * Ends the process as an unhandled signal would. If the user listens to the signal as well, ending is left to the user.
 *
 * A signal ends the process without "exit", so the work for "exit" is done before: other servers of the process may
 * ignore signals. The kernel drops a signal that the first process of a container sends itself and does not catch
 * (pid_namespaces(7)); that process exits with the status by which a shell shows a signal.
 */
function endWith(signal: Signal, whereOthersListen: () => void): void {
  if (process.listenerCount(signal) > 0) {
    whereOthersListen();
    return;
  }
  cleanUpAtExit();
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
