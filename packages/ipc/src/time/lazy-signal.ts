import { guardedController } from "../user-code/guarded-signal.js";
import { allowManyListeners } from "../user-code/shared-signal.js";
import { noteDeadline } from "./signal-deadline.js";

/** What those who wait for the end of a call need of a signal. An `AbortSignal` has it as well. */
export interface Abortable {
  readonly aborted: boolean;
  readonly reason: unknown;
  /** When the signal will be aborted, by `performance.now()`, if that is noted here. */
  readonly deadlineAt?: number | undefined;
  addEventListener(type: "abort", listener: AbortListener): void;
  removeEventListener(type: "abort", listener: AbortListener): void;
}

/** Code of this package that waits for an abort. It must not throw. */
export interface AbortListener {
  handleEvent(): void;
}

/**
 * The end of a call as a signal. An `AbortSignal` for users' code is created when somebody asks for it: creating and
 * aborting one takes longer than a call. Code of this package listens to this object instead.
 */
export class LazySignal implements Abortable {
  aborted = false;
  reason: unknown;
  /** When the signal will be aborted, by `performance.now()`; undefined if at no known time. */
  deadlineAt: number | undefined;
  /** Mostly there are at most two listeners: an observer of the call, and the attempt under way. */
  #first: AbortListener | undefined;
  #second: AbortListener | undefined;
  #others: Set<AbortListener> | undefined;
  #controller: AbortController | undefined;

  /** @param onThrow is passed what listeners of users' code throw */
  constructor(private readonly onThrow: (error: unknown) => void) {}

  /** The signal for users' code. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = guardedController(this.onThrow);
      allowManyListeners(this.#controller.signal);
      if (this.deadlineAt !== undefined) {
        noteDeadline(this.#controller.signal, this.deadlineAt);
      }
      if (this.aborted) {
        this.#controller.abort(this.reason);
      }
    }
    return this.#controller.signal;
  }

  /** Aborts the signal. Only the first call has an effect. */
  abort(reason: unknown): void {
    if (this.aborted) {
      return;
    }
    this.aborted = true;
    this.reason = reason;
    const first = this.#first;
    this.#first = undefined;
    first?.handleEvent();
    const second = this.#second;
    this.#second = undefined;
    second?.handleEvent();
    if (this.#others !== undefined) {
      for (const listener of this.#others) {
        listener.handleEvent();
      }
      this.#others = undefined;
    }
    this.#controller?.abort(reason);
  }

  addEventListener(_: "abort", listener: AbortListener): void {
    if (this.#first === listener || this.#second === listener) {
      return;
    }
    if (this.#first === undefined) {
      this.#first = listener;
    } else if (this.#second === undefined) {
      this.#second = listener;
    } else {
      this.#others ??= new Set();
      this.#others.add(listener);
    }
  }

  removeEventListener(_: "abort", listener: AbortListener): void {
    if (this.#first === listener) {
      this.#first = undefined;
    } else if (this.#second === listener) {
      this.#second = undefined;
    } else {
      this.#others?.delete(listener);
    }
  }
}
