import type { ConnectRouter, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { BenchService } from "../../gen/vyra/bench/v1/bench_pb.js";
import { answerHeader, requestHeader } from "./extras.js";

/** The service in the way Connect users write it. Each handler reads its context, as real handlers do. */
const service: ServiceImpl<typeof BenchService> = {
  echo(request, context) {
    lookAt(context);
    return { payload: request.payload };
  },

  async *pingPong(requests, context) {
    lookAt(context);
    for await (const { payload } of requests) {
      yield { payload };
    }
  },

  async *download({ payloadBytes }, context) {
    lookAt(context);
    const payload = new Uint8Array(payloadBytes);
    while (!context.signal.aborted) {
      yield { payload };
    }
  },

  async upload(requests, context) {
    lookAt(context);
    let count = 0;
    for await (const _ of requests) {
      count++;
    }
    return { count: BigInt(count) };
  },
};

function lookAt(context: HandlerContext): void {
  context.timeoutMs();
}

/** The same service, which also reads and writes metadata in each call. */
const serviceWithExtras: ServiceImpl<typeof BenchService> = {
  ...service,
  echo(request, context) {
    lookAt(context);
    context.responseHeader.set(answerHeader, context.requestHeader.get(requestHeader) ?? "");
    return { payload: request.payload };
  },
};

export function benchRoutes(withExtras: boolean): (router: ConnectRouter) => void {
  return (router) => router.service(BenchService, withExtras ? serviceWithExtras : service);
}
