import { type ContextKey, type ContextValues, createContextValues } from "@connectrpc/connect";

/**
 * Returns context values with one value added for the inner interceptors only, so that a caller may use one object for
 * many calls. All other values are read and set in the original object, and so are visible outside as usual.
 *
 * @param values the original object; if it is undefined, one is created when a value is set
 */
export function withValue<T>(values: ContextValues | undefined, key: ContextKey<T>, value: T): ContextValues {
  return new Overlay(values, key, value);
}

class Overlay<T> implements ContextValues {
  #values: ContextValues | undefined;
  readonly #key: ContextKey<T>;
  #own: T;

  constructor(values: ContextValues | undefined, key: ContextKey<T>, value: T) {
    this.#values = values;
    this.#key = key;
    this.#own = value;
  }

  get<V>(key: ContextKey<V>): V {
    if (key.id === this.#key.id) {
      return this.#own as never;
    }
    return this.#values === undefined ? key.defaultValue : this.#values.get(key);
  }

  set<V>(key: ContextKey<V>, value: V): this {
    if (key.id === this.#key.id) {
      this.#own = value as never;
    } else {
      this.#values ??= createContextValues();
      this.#values.set(key, value);
    }
    return this;
  }

  delete(key: ContextKey<unknown>): this {
    if (key.id === this.#key.id) {
      this.#own = this.#key.defaultValue;
    } else {
      this.#values?.delete(key);
    }
    return this;
  }
}
