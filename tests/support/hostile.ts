import { Code, ConnectError } from "@connectrpc/connect";

/**
 * Creates values that may be thrown, or given as the reason of an abort, and that throw or misbehave when they are
 * inspected. Each test gets new ones.
 */
export function hostileThings(): Record<string, unknown> {
  const refuse = (): never => {
    throw new Error("not to be touched");
  };
  const traps = { get: refuse, has: refuse, getPrototypeOf: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse };
  const getters = (target: object, ...names: string[]) => {
    for (const name of names) {
      Object.defineProperty(target, name, { get: refuse });
    }
    return target;
  };
  const circle = new Error("a circle");
  circle.cause = new Error("of causes", { cause: circle });
  return {
    undefined: undefined,
    "a symbol": Symbol("thrown"),
    "an object without prototype": Object.create(null),
    "an object that cannot become a string": { toString: refuse, valueOf: refuse, [Symbol.toPrimitive]: refuse },
    "a proxy whose traps throw": new Proxy({}, traps),
    "a proxy of an error whose traps throw": new Proxy(new Error("inner"), traps),
    "a proxy of a ConnectError whose traps throw": new Proxy(new ConnectError("inner", Code.NotFound), traps),
    "a revoked proxy": revoked(),
    "an error whose getters throw": getters(new Error("outer"), "stack", "message", "name", "cause", "code"),
    "an error whose message is no string": Object.assign(new Error(), { message: Symbol("message") }),
    "a frozen error": Object.freeze(new Error("frozen")),
    "an error that causes itself": circle,
    "what looks like a ConnectError, with getters that throw": getters(
      Object.assign(new Error("alike"), { name: "ConnectError", code: 5, details: [], cause: undefined }),
      "rawMessage",
      "metadata",
    ),
    "a ConnectError without metadata": Object.assign(new ConnectError("bare", Code.NotFound), { metadata: undefined }),
    "a thenable that throws": getters({}, "then"),
  };
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Creates iterators that violate the iterator protocol. None of them ever has a value. Each test gets new ones. */
export function hostileIterators(): Record<string, AsyncIterable<never>> {
  const never = () => new Promise<never>(() => {});
  const iterable = (iterator: object) => ({ [Symbol.asyncIterator]: () => iterator }) as AsyncIterable<never>;
  const refuse = (): never => {
    throw new Error("not to be called");
  };
  return {
    "return() throws": iterable({ next: never, return: refuse, throw: refuse }),
    "return() gives no promise": iterable({
      next: never,
      return: () => ({ done: true }),
      throw: () => ({ done: true }),
    }),
    "return() gives nothing": iterable({ next: never, return() {}, throw() {} }),
    "return() rejects": iterable({
      next: never,
      return: () => Promise.reject(new Error("no")),
      throw: () => Promise.reject(new Error("no")),
    }),
    "return() never settles": iterable({ next: never, return: never, throw: never }),
    "return is no function": iterable({ next: never, return: 1, throw: 1 }),
    "return is a getter that throws": iterable({
      next: never,
      get return() {
        return refuse();
      },
      get throw() {
        return refuse();
      },
    }),
    "a generator that hangs": (async function* () {
      yield await never();
    })(),
  };
}

/** Creates iterables whose first step fails. Each test gets new ones. */
export function brokenIterables(): Record<string, unknown> {
  const iterable = (next: unknown) => ({ [Symbol.asyncIterator]: () => ({ next }) });
  const refuse = (): never => {
    throw new Error("mine");
  };
  return {
    nothing: undefined,
    "an array": [{}],
    "an iterable that gives no iterator": { [Symbol.asyncIterator]: () => undefined },
    "an iterable that throws": { [Symbol.asyncIterator]: refuse },
    "a proxy whose traps throw": new Proxy({}, { get: refuse }),
    "next() throws": iterable(refuse),
    "next() rejects": iterable(() => Promise.reject(new Error("mine"))),
    "next() rejects with nothing": iterable(() => Promise.reject()),
    "next() gives nothing": iterable(() => undefined),
    "next() gives a number": iterable(() => 5),
    "next is missing": iterable(undefined),
    "done is a getter that throws": iterable(async () => ({
      get done() {
        return refuse();
      },
    })),
    "value is a getter that throws": iterable(async () => ({
      done: false,
      get value() {
        return refuse();
      },
    })),
  };
}
