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
import { acceptedByDefault, decompressing, tamed } from "../grpc/index.js";
import { affordableHandler, type Check, checking, type Handler } from "./affordable-handler.js";
import { ConnectHeaders } from "./connect-headers.js";

/** The user's routes as they were registered, to be registered again where an engine needs them. */
export interface Routes {
  /** The services, in the order in which they were registered. */
  readonly services: readonly DescService[];
  /** Each method with what runs it, in the same order; what comes later wins. */
  readonly methods: readonly RecordedMethod[];
  /** Connect's own handlers for these routes, each with `outermost` before all interceptors of the user. */
  handlers(options: ConnectRouterOptions, outermost: Outermost): Handlers;
}

export type { Handler };

/** They by their paths. */
export type Handlers = ReadonlyMap<string, Handler>;

/** A method as it was registered. */
export interface RecordedMethod {
  readonly desc: DescMethod;
  /** The user's function, bound to the object that it came from; undefined where that has none. */
  readonly implementation: ((...args: never[]) => unknown) | undefined;
  /** The options that were given for it or for its service; they replace the router's. */
  readonly options: ConnectRouterOptions | undefined;
}

/** Makes the interceptor that stands around all others of a route, by the options that the route has in the end. */
type Outermost = (options: ConnectRouterOptions) => Interceptor;

/**
 * Runs the user's routes once, on a router that only takes notes. A service that brings interceptors of its own replaces
 * those of the router, as Connect has it; the note is where `outermost` is put before either.
 */
export function recordRoutes(routes: (router: ConnectRouter) => void): Routes {
  const services = new Set<DescService>();
  const methods: RecordedMethod[] = [];
  const recorder: ConnectRouter = {
    handlers: [],
    service(service, implementation, own) {
      services.add(service);
      for (const desc of service.methods) {
        methods.push({ desc, implementation: boundMethod(implementation, desc.localName), options: own });
      }
      return this;
    },
    rpc(method, implementation, own) {
      services.add(method.parent);
      methods.push({ desc: method, implementation, options: own });
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

function boundMethod(object: object, name: string): RecordedMethod["implementation"] {
  const fn: unknown = (object as Record<string, unknown>)[name];
  return typeof fn === "function" ? fn.bind(object) : undefined;
}

/** What runs a method that nobody has implemented. */
export function unimplemented(desc: DescMethod): () => never {
  const message = `${desc.parent.typeName}.${desc.name} is not implemented`;
  return () => {
    throw new ConnectError(message, Code.Unimplemented);
  };
}

/** Connect's handler for a method, whose messages cost what is allowed. */
function handlerOf(
  { desc, implementation, options: own }: RecordedMethod,
  options: ConnectRouterOptions,
  outermost: Outermost,
): Handler {
  const run = tamedMethod(desc, implementation ?? unimplemented(desc)) as MethodImpl<typeof desc>;
  const all = { ...options, ...own };
  return affordableHandler(desc, all, (check) => {
    const router = createConnectRouter(options).rpc(desc, run, withOutermost(all, own, outermost, check));
    return router.handlers[0] as UniversalHandler;
  });
}

/** A method whose stream of answers keeps to the rules, as Connect's handlers trust that it does; its headers may leave early. */
function tamedMethod({ methodKind }: DescMethod, run: (...args: never[]) => unknown): (...args: never[]) => unknown {
  const isStream = methodKind === "server_streaming" || methodKind === "bidi_streaming";
  return (...args) => {
    ConnectHeaders.begin((args as readonly unknown[])[1] as HandlerContext);
    const answer = run(...args);
    return isStream ? tamed(answer instanceof Promise ? resolved(answer) : (answer as AsyncIterable<unknown>)) : answer;
  };
}

/** The messages that an async function gives, as in the engine `direct`; what it throws is what its handler throws. */
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
    acceptCompression: acceptCompression.map((compression) => checking(decompressing(compression), check)),
    // Connect compresses its answers with what it accepts.
    ...(acceptCompression === acceptedByDefault && { compressMinBytes: 2 ** 32 - 1 }),
    interceptors: [outermost(all), ...(all.interceptors ?? [])],
  };
}
