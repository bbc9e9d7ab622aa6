import { type Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { type EchoRequest, type EchoService, ErrorDetailSchema, type Fault } from "../gen/vyra/test/echo_pb.js";

/** What an echo service recorded about its calls. */
export interface Echo extends ServiceImpl<typeof EchoService> {
  /** How many calls began. */
  calls: number;
  /** The context of the last call. */
  last: HandlerContext | undefined;
}

/** The echo service as the proto describes it. */
export function createEcho(): Echo {
  const echo: Echo = {
    calls: 0,
    last: undefined,
    unary,
    unaryIdempotent: unary,
    unaryNoSideEffects: unary,
    async *serverStream(request, context) {
      begin(context);
      const { fault } = request;
      for (let index = 0; index < request.count; index++) {
        if (fault !== undefined && index >= fault.after) {
          await act(fault, context);
        }
        await pause(request.delayMs, context.signal);
        yield respond(request, index);
      }
      if (fault !== undefined && fault.after >= request.count) {
        await act(fault, context);
      }
    },
    async clientStream(requests, context) {
      begin(context);
      const texts: string[] = [];
      for await (const request of requests) {
        await act(request.fault, context);
        texts.push(request.text);
      }
      return { text: texts.join(""), index: texts.length };
    },
    async *bidiStream(requests, context) {
      begin(context);
      let index = 0;
      for await (const request of requests) {
        await act(request.fault, context);
        await pause(request.delayMs, context.signal);
        yield respond(request, index++);
      }
    },
  };
  return echo;

  function begin(context: HandlerContext): void {
    echo.calls++;
    echo.last = context;
    for (const [key, value] of context.requestHeader) {
      if (key.startsWith("echo-")) {
        context.responseHeader.append(key, value);
        context.responseTrailer.append(`trailing-${key}`, value);
      }
    }
  }

  async function unary(request: EchoRequest, context: HandlerContext) {
    begin(context);
    await act(request.fault, context);
    await pause(request.delayMs, context.signal);
    return respond(request, 0);
  }
}

function respond(request: EchoRequest, index: number) {
  const payload = request.responseSize > 0 ? new Uint8Array(request.responseSize) : request.payload;
  return { text: request.text, payload, index };
}

async function act(fault: Fault | undefined, context: HandlerContext): Promise<void> {
  if (fault?.hang) {
    await new Promise<void>((_, reject) => {
      if (!fault.ignoreCancel) {
        const { signal } = context;
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }
    });
  }
  if (fault?.crash) {
    throw new TypeError(fault.message);
  }
  if (fault?.code) {
    const details = fault.detail === undefined ? [] : [{ desc: ErrorDetailSchema, value: fault.detail }];
    throw new ConnectError(fault.message, fault.code as Code, { "error-metadata": "here" }, details);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> | undefined {
  if (ms === 0) {
    return undefined;
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", failed, { once: true });
    function done(): void {
      signal.removeEventListener("abort", failed);
      resolve();
    }
    function failed(): void {
      clearTimeout(timer);
      reject(signal.reason);
    }
  });
}
