import type { ContextKey, ContextValues } from "@connectrpc/connect";

/**
 * Returns context values with one value added for the inner interceptors only, so that a caller may use one object for
 * many calls. All other values are read and set in the original object, and so are visible outside as usual.
 */
export function withValue<T>(values: ContextValues, key: ContextKey<T>, value: T): ContextValues {
  let own = value;
  const overlay: ContextValues = {
    get: (k) => (isOwn(k) ? own : values.get(k)) as never,
    set(k, v) {
      if (isOwn(k)) {
        own = v as never;
      } else {
        values.set(k, v);
      }
      return overlay;
    },
    delete(k) {
      if (isOwn(k)) {
        own = key.defaultValue;
      } else {
        values.delete(k);
      }
      return overlay;
    },
  };
  return overlay;

  function isOwn(k: ContextKey<unknown>): boolean {
    return k.id === key.id;
  }
}
