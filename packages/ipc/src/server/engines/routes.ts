import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { decompressing } from "../../grpc/index.js";
import { acceptedByDefault } from "../../messages/gzip.js";
import { conforming } from "../../user-code/iterators.js";
import { ConnectHeaders } from "./connect/headers.js";

/** The user's routes as they were registered, to be registered again where an engine needs them. */
export interface Routes {
  /** The services, in the order in which they were registered. */
  readonly services: readonly DescService[];
  /** Each method with what runs it, in the same order; what comes later wins. */
  readonly methods: readonly RecordedMethod[];
  /** Connect's own handlers for these routes, each with `outermost` before all interceptors of the user. */
  handlers(options: ConnectRouterOptions, outermost: Outermost): Handlers;
}

/** Connect's handlers by their paths. */
export type Handlers = ReadonlyMap<string, UniversalHandler>;

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

type Registration = (router: ConnectRouter, options: ConnectRouterOptions, outermost: Outermost) => void;

/**
 * Runs the user's routes once, on a router that only takes notes. A service that brings interceptors of its own replaces
 * those of the router, as Connect has it; the note is where `outermost` is put before either.
 */
export function recordRoutes(routes: (router: ConnectRouter) => void): Routes {
  const services = new Set<DescService>();
  const methods: RecordedMethod[] = [];
  const registrations: Registration[] = [];
  const recorder: ConnectRouter = {
    handlers: [],
    service(service, implementation, own) {
      services.add(service);
      for (const desc of service.methods) {
        methods.push({ desc, implementation: boundMethod(implementation, desc.localName), options: own });
      }
      registrations.push((router, options, outermost) =>
        router.service(service, conformingService(service, implementation), withOutermost(options, own, outermost)),
      );
      return this;
    },
    rpc(method, implementation, own) {
      services.add(method.parent);
      methods.push({ desc: method, implementation, options: own });
      const run = conformingMethod(method, implementation) as typeof implementation;
      registrations.push((router, options, outermost) =>
        router.rpc(method, run, withOutermost(options, own, outermost)),
      );
      return this;
    },
  };
  routes(recorder);
  return {
    services: [...services],
    methods,
    handlers(options, outermost) {
      const router = createConnectRouter(options);
      for (const register of registrations) {
        register(router, options, outermost);
      }
      return new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
    },
  };
}

function boundMethod(object: object, name: string): RecordedMethod["implementation"] {
  const fn: unknown = (object as Record<string, unknown>)[name];
  return typeof fn === "function" ? fn.bind(object) : undefined;
}

/** The same service whose streams of answers keep to the rules, as Connect's handlers trust that they do; its headers may leave early. */
function conformingService<T extends object>(service: DescService, implementation: T): T {
  const methods: Record<string, unknown> = {};
  for (const desc of service.methods) {
    const run = boundMethod(implementation, desc.localName);
    if (run !== undefined) {
      methods[desc.localName] = conformingMethod(desc, run);
    }
  }
  return methods as T;
}

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

/** The messages that an async function gives, as in the engine `direct`; what it throws is what its handler throws. */
function resolved(messages: Promise<AsyncIterable<unknown>>): AsyncIterable<unknown> {
  messages.catch(() => {}); // perhaps nobody ever reads them
  return (async function* () {
    yield* await messages;
  })();
}

function withOutermost(
  options: ConnectRouterOptions,
  own: ConnectRouterOptions | undefined,
  outermost: Outermost,
): ConnectRouterOptions {
  const all = { ...options, ...own };
  const { acceptCompression = acceptedByDefault } = all;
  return {
    ...own,
    acceptCompression: acceptCompression.map(decompressing),
    // Connect compresses its answers with what it accepts.
    ...(acceptCompression === acceptedByDefault && { compressMinBytes: 2 ** 32 - 1 }),
    interceptors: [outermost(all), ...(all.interceptors ?? [])],
  };
}
