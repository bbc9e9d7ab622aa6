import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  type HandlerContext,
  type Interceptor,
  type MethodImpl,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { decompressing } from "../../grpc/index.js";
import { compressingInTurn } from "../../messages/compress.js";
import { acceptedByDefault } from "../../messages/gzip.js";
import { conforming } from "../../user-code/iterators.js";
import { affordableHandler, type Check, checking, type Handler } from "./connect/affordable-handler.js";
import { ConnectHeaders } from "./connect/headers.js";

/** The user's routes, recorded so that engines can register them again. */
export interface Routes {
  /** The services, in the order of registration. */
  readonly services: readonly DescService[];
  /** The methods with their implementations, in the same order. Of two with the same path the later one wins. */
  readonly methods: readonly RecordedMethod[];
  /** Returns Connect's own handlers for these routes, each with `outermost` before all interceptors of the user. */
  handlers(options: ConnectRouterOptions, outermost: Outermost): Handlers;
}

export type { Handler };

/** Connect's handlers by path. */
export type Handlers = ReadonlyMap<string, Handler>;

/** A method as it was registered. */
export interface RecordedMethod {
  readonly desc: DescMethod;
  /** The user's function, bound to its object; undefined if the object does not have it. */
  readonly implementation: ((...args: never[]) => unknown) | undefined;
  /** The options given for the method or its service; they replace the router's. */
  readonly options: ConnectRouterOptions | undefined;
}

/** Creates the interceptor around all others of a route from the options that apply to that route. */
type Outermost = (options: ConnectRouterOptions) => Interceptor;

/**
 * Runs the user's routes once, on a router that only records. As in Connect, a service with interceptors of its own
 * replaces those of the router; `outermost` is put before either.
 */
export function recordRoutes(routes: (router: ConnectRouter) => void): Routes {
  const services = new Set<DescService>();
  const methods: RecordedMethod[] = [];
  const recorder: ConnectRouter = {
    handlers: [],
    service(service, implementation, own) {
      services.add(service);
      for (const desc of service.methods) {
        methods.push({ desc, implementation: boundMethod(implementation, desc.localName), options: given(own) });
      }
      return this;
    },
    rpc(method, implementation, own) {
      services.add(method.parent);
      methods.push({ desc: method, implementation, options: given(own) });
      return this;
    },
  };
  routes(recorder);
  return {
    services: [...services],
    methods,
    handlers(options, outermost) {
      const handlers = new Map<string, Handler>();
      for (const method of methods) {
        const handler = handlerOf(method, options, outermost);
        handlers.set(handler.requestPath, handler);
      }
      return handlers;
    },
  };
}

/** Returns the options that are given, so that one that is undefined or null leaves the server's as it is. */
function given(own: ConnectRouterOptions | undefined): ConnectRouterOptions | undefined {
  return own && Object.fromEntries(Object.entries(own).filter(([, value]) => value != null));
}

function boundMethod(object: object, name: string): RecordedMethod["implementation"] {
  const fn: unknown = (object as Record<string, unknown>)[name];
  return typeof fn === "function" ? fn.bind(object) : undefined;
}

/** Returns an implementation that fails with Unimplemented, for a method that the user has not implemented. */
export function unimplemented(desc: DescMethod): () => never {
  const message = `${desc.parent.typeName}.${desc.name} is not implemented`;
  return () => {
    throw new ConnectError(message, Code.Unimplemented);
  };
}

/** Returns Connect's handler for a method, extended so that it refuses messages that would take too much memory. */
function handlerOf(
  { desc, implementation, options: own }: RecordedMethod,
  options: ConnectRouterOptions,
  outermost: Outermost,
): Handler {
  const run = conformingMethod(desc, implementation ?? unimplemented(desc)) as MethodImpl<typeof desc>;
  const all = { ...options, ...own };
  return affordableHandler(desc, all, (check) => {
    const router = createConnectRouter(options).rpc(desc, run, withOutermost(all, own, outermost, check));
    return router.handlers[0] as UniversalHandler;
  });
}

/**
 * Returns the method with response streams that conform to the iterator protocol, which Connect's handlers rely on, and
 * with headers that can be sent early.
 */
function conformingMethod(
  { methodKind }: DescMethod,
  run: (...args: never[]) => unknown,
): (...args: never[]) => unknown {
  const isStream = methodKind === "server_streaming" || methodKind === "bidi_streaming";
  return (...args) => {
    ConnectHeaders.begin((args as readonly unknown[])[1] as HandlerContext);
    const answer = run(...args);
    return isStream
      ? conforming(answer instanceof Promise ? resolved(answer) : (answer as AsyncIterable<unknown>))
      : answer;
  };
}

/**
 * Yields the messages that an async function resolves to, as the engine `"direct"` accepts them; a rejection is an
 * error of the handler.
 */
function resolved(messages: Promise<AsyncIterable<unknown>>): AsyncIterable<unknown> {
  messages.catch(() => {}); // perhaps nobody ever reads them
  return (async function* () {
    yield* await messages;
  })();
}

function withOutermost(
  all: ConnectRouterOptions,
  own: ConnectRouterOptions | undefined,
  outermost: Outermost,
  check: Check,
): ConnectRouterOptions {
  const { acceptCompression = acceptedByDefault } = all;
  return {
    ...own,
    acceptCompression: acceptCompression.map((compression) =>
      checking(decompressing(compressingInTurn(compression)), check),
    ),
    // Connect would compress responses with the compressions that it accepts, so the minimum size is the maximum.
    ...(acceptCompression === acceptedByDefault && { compressMinBytes: 2 ** 32 - 1 }),
    interceptors: [outermost(all), ...(all.interceptors ?? [])],
  };
}
