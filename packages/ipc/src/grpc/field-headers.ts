import { formatWithOptions, type InspectOptionsStylized, inspect } from "node:util";

/**
 * A `Headers` object over flat lists of fields: name, value, name, value. `Headers` of Node.js builds a map of objects,
 * which takes as long as a whole call; this one refers to the lists in which fields are received and sent, and copies
 * them when it is changed. To everybody else it is a `Headers`: `instanceof`, the methods and their errors, the order
 * of iteration, and `new Headers(it)`, `fetch()` and `Request`, which read it by iteration.
 *
 * The names in both lists are valid and in lower case, and the values are valid. Pseudo-header fields are not shown.
 */
export class FieldHeaders implements Headers {
  /** Fields that may be shared with other objects, followed by others. */
  #first: readonly string[];
  #rest: readonly string[];
  /** Whether `#rest` belongs to this object alone, so that it can be changed in place. */
  #isOwn = false;
  #sorted: readonly Entry[] | undefined;

  constructor(first: readonly string[] = none, rest: readonly string[] = none) {
    if (!isLinked) {
      link();
    }
    this.#first = first;
    this.#rest = rest;
  }

  /** Returns headers with the same fields, which can be changed without changing the others. */
  static copy(headers: Headers): FieldHeaders {
    if (headers !== null && typeof headers === "object" && #first in headers) {
      headers.#isOwn = false; // both refer to the list now
      return new FieldHeaders(headers.#first, headers.#rest);
    }
    return new FieldHeaders(none, listOf(headers));
  }

  /**
   * Calls back with each list of fields, except for `known`; returns false for headers of another kind. The lists must
   * not be changed.
   */
  static forEachList(headers: Headers, known: readonly string[], each: (list: readonly string[]) => void): boolean {
    if (!(#first in headers)) {
      return false;
    }
    if (headers.#first !== known && headers.#first.length > 0) {
      each(headers.#first);
    }
    if (headers.#rest.length > 0) {
      each(headers.#rest);
    }
    return true;
  }

  get(name: string): string | null {
    const key = keyOf(name, "get");
    return valueIn(this.#rest, key, valueIn(this.#first, key, null));
  }

  has(name: string): boolean {
    const key = keyOf(name, "has");
    return indexIn(this.#first, key) !== -1 || indexIn(this.#rest, key) !== -1;
  }

  set(name: string, value: string): void {
    const key = keyOf(name, "set");
    const text = valueFor(value, "set");
    const own = this.#changeable(indexIn(this.#first, key) !== -1);
    const at = indexIn(own, key);
    if (at === -1) {
      own.push(key, text);
    } else {
      own[at + 1] = text;
      removeFrom(own, key, at + 2);
    }
  }

  append(name: string, value: string): void {
    const key = keyOf(name, "append");
    this.#changeable(false).push(key, valueFor(value, "append"));
  }

  delete(name: string): void {
    const key = keyOf(name, "delete");
    if (indexIn(this.#first, key) !== -1 || indexIn(this.#rest, key) !== -1) {
      removeFrom(this.#changeable(true), key, 0);
    }
  }

  getSetCookie(): string[] {
    const cookies: string[] = [];
    for (const list of [this.#first, this.#rest]) {
      for (let i = 0; i < list.length; i += 2) {
        if (list[i] === "set-cookie") {
          cookies.push(list[i + 1] as string);
        }
      }
    }
    return cookies;
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void {
    if (typeof callback !== "function") {
      new Headers().forEach(callback); // throws the appropriate error
    }
    for (const [name, value] of this) {
      callback.call(thisArg, value, name, this);
    }
  }

  entries(): Iterated<"entries"> {
    return iterate(
      () => this.#entries(),
      ([name, value]) => [name, value],
    );
  }

  keys(): Iterated<"keys"> {
    return iterate(
      () => this.#entries(),
      ([name]) => name,
    );
  }

  values(): Iterated<"values"> {
    return iterate(
      () => this.#entries(),
      ([, value]) => value,
    );
  }

  [Symbol.iterator](): Iterated<"entries"> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "Headers";
  }

  [inspect.custom](depth: number, options: InspectOptionsStylized): string {
    const fields: Record<string, string> = {};
    for (const [name] of this) {
      fields[name] = this.get(name) as string;
    }
    return `Headers ${formatWithOptions({ ...options, depth: options.depth ?? depth }, fields)}`;
  }

  /** Returns the list that may be changed. @param whole whether it must have all fields */
  #changeable(whole: boolean): string[] {
    this.#sorted = undefined;
    if (whole && this.#first.length > 0) {
      this.#rest = this.#first.concat(this.#rest);
      this.#first = none;
    } else if (!this.#isOwn) {
      this.#rest = this.#rest.slice();
    }
    this.#isOwn = true;
    return this.#rest as string[];
  }

  /** Returns the fields in the order in which `Headers` are iterated: by name, and repeated ones joined. */
  #entries(): readonly Entry[] {
    if (this.#sorted === undefined) {
      const byName = new Map<string, string>();
      const cookies = this.getSetCookie().map((value): Entry => ["set-cookie", value]);
      for (const list of [this.#first, this.#rest]) {
        for (let i = 0; i < list.length; i += 2) {
          const name = list[i] as string;
          if (name.charCodeAt(0) !== colon && name !== "set-cookie") {
            const before = byName.get(name);
            byName.set(
              name,
              before === undefined ? (list[i + 1] as string) : joined(name, before, list[i + 1] as string),
            );
          }
        }
      }
      this.#sorted = [...byName, ...cookies].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    }
    return this.#sorted;
  }
}

type Entry = readonly [name: string, value: string];
type Iterated<M extends "entries" | "keys" | "values"> = ReturnType<Headers[M]>;
type Method = "append" | "delete" | "get" | "has" | "set";

const none: readonly string[] = [];
const colon = 0x3a;

let isLinked = false;

/**
 * Makes the class derive from `Headers` without running its constructor. This is done when the first object is created,
 * since Node.js loads `Headers` when it is first used. What `Headers` of this runtime has besides the standard's
 * methods is done by a real one.
 */
function link(): void {
  isLinked = true;
  const { prototype } = globalThis.Headers;
  Object.setPrototypeOf(FieldHeaders.prototype, prototype);
  Object.defineProperty(FieldHeaders.prototype, "constructor", { value: globalThis.Headers });
  for (const [name, { value, get }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (!Object.hasOwn(FieldHeaders.prototype, name)) {
      const asReal = (headers: FieldHeaders): Record<string, unknown> => new Headers(headers) as never;
      Object.defineProperty(
        FieldHeaders.prototype,
        name,
        get === undefined && typeof value === "function"
          ? { configurable: true, writable: true, value: forwarding(name) }
          : {
              configurable: true,
              get(this: FieldHeaders) {
                return asReal(this)[name];
              },
            },
      );
    }
  }
}

function forwarding(name: string) {
  return function (this: FieldHeaders, ...args: unknown[]): unknown {
    const real = new Headers(this) as unknown as Record<string, (...args: unknown[]) => unknown>;
    return real[name]?.(...args);
  };
}

/** Returns the fields of anything that `new Headers()` takes. @throws {TypeError} as it does */
export function listOf(init: ConstructorParameters<typeof Headers>[0]): string[] {
  const list: string[] = [];
  if (isRecord(init)) {
    for (const name of Object.keys(init)) {
      list.push(keyOf(name, "append"), valueFor(init[name], "append"));
    }
  } else {
    for (const [name, value] of init instanceof Headers ? init : new Headers(init)) {
      list.push(name, value);
    }
  }
  return list;
}

/** Tells whether it is an object whose properties are the fields, the usual form in which callers give them. */
function isRecord(init: unknown): init is Record<string, string> {
  return (
    typeof init === "object" &&
    init !== null &&
    Object.getPrototypeOf(init) === Object.prototype &&
    !(Symbol.iterator in init)
  );
}

const nameCharacters = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Valid names as they were given, with their form in lower case. Most programs use few. */
const keys = new Map<unknown, string>();
const maxKeys = 1_024;

/** Returns a name in lower case. @throws {TypeError} as `Headers` does for an invalid one */
function keyOf(name: unknown, method: Method): string {
  return keys.get(name) ?? newKey(name, method);
}

function newKey(name: unknown, method: Method): string {
  if (typeof name !== "string" || !nameCharacters.test(name)) {
    new Headers()[method](name as string, ""); // throws, or accepts what can be converted to a name
    return String(name).toLowerCase();
  }
  const key = name.toLowerCase();
  if (keys.size < maxKeys && name.length <= 64) {
    keys.set(name, key);
  }
  return key;
}

/** Values that need neither trimming nor conversion: printable ASCII without space at either end. */
const plainValue = /^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/;

/** Returns a value as `Headers` would keep it. @throws {TypeError} as it does for an invalid one */
function valueFor(value: unknown, method: "append" | "set"): string {
  if (typeof value === "string" && plainValue.test(value)) {
    return value;
  }
  const real = new Headers();
  real[method]("x", value as string);
  return real.get("x") as string;
}

function indexIn(list: readonly string[], key: string): number {
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === key) {
      return i;
    }
  }
  return -1;
}

/** Returns the value of a field, joined with the value so far. */
function valueIn(list: readonly string[], key: string, before: string | null): string | null {
  let value = before;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === key) {
      value = value === null ? (list[i + 1] as string) : joined(key, value, list[i + 1] as string);
    }
  }
  return value;
}

/** Joins the values of a repeated field, those of `cookie` as RFC 6265 §5.4 writes them. */
export function joined(name: string, before: string, value: string): string {
  return `${before}${name === "cookie" ? "; " : ", "}${value}`;
}

function removeFrom(list: string[], key: string, from: number): void {
  let end = from;
  for (let i = from; i < list.length; i += 2) {
    if (list[i] !== key) {
      list[end++] = list[i] as string;
      list[end++] = list[i + 1] as string;
    }
  }
  list.length = end;
}

const iteratorPrototype: object = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

/** Iterates as `Headers` do: a change is seen by iterators that have been created before it. */
function iterate<T>(entries: () => readonly Entry[], part: (entry: Entry) => T) {
  let at = 0;
  return Object.create(iteratorPrototype, {
    next: {
      value(): IteratorResult<T> {
        const entry = entries()[at++];
        return entry === undefined ? { done: true, value: undefined } : { done: false, value: part(entry) };
      },
    },
    [Symbol.toStringTag]: { value: "Headers Iterator" },
  });
}
