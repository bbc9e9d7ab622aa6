import { LazySignal } from "./lazy-signal.js";

/** What `signal` is created from. It is not private, since a proxy shows no private property of its target. */
const source = Symbol("the source of signal");

/**
 * An object whose own property `signal` is created when it is read, so that `{ ...object }` has it, and an object that
 * nobody asks for its signal costs none.
 */
export class OwnSignal {
  /** Tells objects of this class from those that inherit from one and from proxies, which may have another signal. */
  readonly #isOwner = true;
  /** Undefined if `signal` is a signal that somebody else has created. */
  [source]: LazySignal | undefined;
  declare readonly signal: AbortSignal;

  constructor(signal: LazySignal | AbortSignal) {
    if (signal instanceof LazySignal) {
      this[source] = signal;
      Object.defineProperty(this, "signal", OwnSignal.#property);
    } else {
      this.signal = signal;
    }
  }

  /** Returns what the property is created from; undefined for other objects, and if it was assigned a value. */
  static sourceOf(object: object): LazySignal | undefined {
    return #isOwner in object ? object[source] : undefined;
  }

  /** The property. All objects share its functions, which V8 needs to keep them alike and fast. */
  static readonly #property = {
    enumerable: true,
    configurable: true,
    get(this: OwnSignal): AbortSignal {
      return (this[source] as LazySignal).signal;
    },
    set(this: OwnSignal, value: AbortSignal): void {
      Object.defineProperty(this, "signal", { value, enumerable: true, configurable: true, writable: true });
      this[source] = undefined;
    },
  };
}
