import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/**
 * The functions that fake timers replace, by the objects that hold them: those that @sinonjs/fake-timers, on which
 * jest's and vitest's are built, replaces. `process.nextTick` is not among them, because Node's own streams need it;
 * jest replaces it in a copy of `process`, which tests/packages covers.
 */
const places: readonly (readonly [holder: object, names: readonly string[]])[] = [
  [globalThis, ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"]],
  [globalThis, ["queueMicrotask"]],
  [process, ["hrtime"]],
  [performance, ["now"]],
  [Date, ["now"]],
  [require("node:timers"), ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate"]],
  [require("node:timers/promises"), ["setTimeout", "setInterval", "setImmediate"]],
];

/**
 * Runs `body` while all timers and clocks stand still, as under fake timers that are never advanced.
 *
 * @returns the names of the timers and clocks that were used meanwhile.
 */
export async function withFrozenTimers(body: () => Promise<void>): Promise<ReadonlySet<string>> {
  const asked = new Set<string>();
  const restore: (() => void)[] = [];
  for (const [holder, names] of places) {
    for (const name of names) {
      const before = Object.getOwnPropertyDescriptor(holder, name);
      const value = () => {
        asked.add(name);
        return name.startsWith("set") ? { ref() {}, unref() {}, refresh() {} } : 0;
      };
      Object.defineProperty(holder, name, { configurable: true, writable: true, value });
      restore.push(() => {
        Reflect.deleteProperty(holder, name);
        if (before !== undefined) {
          Object.defineProperty(holder, name, before);
        }
      });
    }
  }
  try {
    await body();
  } finally {
    for (const undo of restore) {
      undo();
    }
  }
  return asked;
}
