import { LazySignal } from "./lazy-signal.js";

/**
 * An object whose own property `signal` is created when it is read, so that `{ ...object }` has it, and an object that
 * nobody asks for its signal costs none.
 */
export class OwnSignal {
  /** Undefined if `signal` is a signal that somebody else has created. */
  #source: LazySignal | undefined;
  declare readonly signal: AbortSignal;

  constructor(source: LazySignal | AbortSignal) {
    if (source instanceof LazySignal) {
      this.#source = source;
      Object.defineProperty(this, "signal", OwnSignal.#property);
    } else {
      this.signal = source;
    }
  }

  /** Returns what the property is created from; undefined for other objects, and if it was assigned a value. */
  static sourceOf(object: object): LazySignal | undefined {
    return #source in object ? object.#source : undefined;
  }

  /** The property. All objects share its functions, which V8 needs to keep them alike and fast. */
  static readonly #property = {
    enumerable: true,
    configurable: true,
    get(this: object): AbortSignal {
      let owner = this;
      while (!(#source in owner)) {
        owner = Object.getPrototypeOf(owner); // an object that inherits from this one
      }
      return (owner.#source as LazySignal).signal;
    },
    set(this: object, value: AbortSignal): void {
      if (#source in this) {
        this.#source = undefined;
      }
      Object.defineProperty(this, "signal", { value, enumerable: true, configurable: true, writable: true });
    },
  };
}
