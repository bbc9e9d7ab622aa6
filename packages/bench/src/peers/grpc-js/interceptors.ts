import { InterceptingCall, type Interceptor, ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import type { Addition } from "../../contract/additions.js";
import { clientInterceptors } from "../shared/client-interceptors.js";
import { requestHeader } from "../shared/extras.js";

const noop: Interceptor = (options, nextCall) => new InterceptingCall(nextCall(options));

const setHeader: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start(metadata, listener, next) {
      metadata.set(requestHeader, "12345");
      next(metadata, listener);
    },
  });

const serverNoop: ServerInterceptor = (_method, call) => new ServerInterceptingCall(call);

/** Returns the interceptors of an addition, as grpc-js's guide writes them. */
export function grpcJsInterceptors(addition: Addition | undefined): Interceptor[] {
  return clientInterceptors(addition, { noop, setHeader });
}

export function serverInterceptors(addition: Addition | undefined): ServerInterceptor[] {
  return addition === "server-noop" ? [serverNoop] : [];
}
