import type { DescService } from "@bufbuild/protobuf";
import {
  type ConnectRouter,
  type ConnectRouterOptions,
  createConnectRouter,
  type Interceptor,
} from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";

/** The user's routes as they were registered, to be registered again where an engine needs them. */
export interface Routes {
  /** The services, in the order in which they were registered. */
  readonly services: readonly DescService[];
  /** Connect's own handlers for these routes, each with `outermost` before all interceptors of the user. */
  handlers(options: ConnectRouterOptions, outermost: Interceptor): UniversalHandler[];
}

type Registration = (router: ConnectRouter, options: ConnectRouterOptions, outermost: Interceptor) => void;

/**
 * Runs the user's routes once, on a router that only takes notes. A service that brings interceptors of its own replaces
 * those of the router, as Connect has it; the note is where `outermost` is put before either.
 */
export function recordRoutes(routes: (router: ConnectRouter) => void): Routes {
  const services = new Set<DescService>();
  const registrations: Registration[] = [];
  const recorder: ConnectRouter = {
    handlers: [],
    service(service, implementation, own) {
      services.add(service);
      registrations.push((router, options, outermost) =>
        router.service(service, implementation, withOutermost(options, own, outermost)),
      );
      return this;
    },
    rpc(method, implementation, own) {
      services.add(method.parent);
      registrations.push((router, options, outermost) =>
        router.rpc(method, implementation, withOutermost(options, own, outermost)),
      );
      return this;
    },
  };
  routes(recorder);
  return {
    services: [...services],
    handlers(options, outermost) {
      const router = createConnectRouter(options);
      for (const register of registrations) {
        register(router, options, outermost);
      }
      return router.handlers;
    },
  };
}

function withOutermost(
  options: ConnectRouterOptions,
  own: ConnectRouterOptions | undefined,
  outermost: Interceptor,
): ConnectRouterOptions {
  return { ...own, interceptors: [outermost, ...(own?.interceptors ?? options.interceptors ?? [])] };
}
