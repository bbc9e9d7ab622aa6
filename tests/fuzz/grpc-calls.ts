import {
  type Client,
  Code,
  ConnectError,
  type HandlerContext,
  type Interceptor,
  type ServiceImpl,
} from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import type { ChannelOptions, ServeOptions } from "@vyra/ipc";
import { type EchoRequest, type EchoService, ErrorDetailSchema } from "../gen/vyra/test/echo_pb.js";
import { all, iterate } from "../support/expect.js";

/** The largest number of responses that a mutated request can ask of a handler. */
const mostAnswers = 20;

/** The timeout of calls that get no response, which keeps a case short. */
const timeoutMs = 300;
/** The timeout of the calls of correct peers, long enough for a busy machine. */
export const patientMs = 20_000;

export const serverOptions = {
  engine: "direct",
  signals: false,
  graceMs: 100,
  acceptCompression: [compressionGzip],
  compressMinBytes: 0,
} satisfies Partial<ServeOptions>;

export const channelOptions: ChannelOptions = {
  engine: "direct",
  timeoutMs,
  acceptCompression: [compressionGzip],
  compressMinBytes: 0,
};

export const compressing: ChannelOptions = { ...channelOptions, sendCompression: compressionGzip };

/** With an interceptor, calls use other code, which must have the same result. */
export const interceptor: Interceptor = (next) => (request) => next({ ...request });

/** The echo service, except for what would let a request make it hang or work for a long time. */
export const echo: ServiceImpl<typeof EchoService> = {
  unary,
  unaryIdempotent: unary,
  unaryNoSideEffects: unary,
  async *serverStream(request, context) {
    for (let index = 0; index < Math.min(request.count, mostAnswers); index++)
      yield { ...unary(request, context), index };
  },
  async clientStream(requests) {
    let bytes = 0;
    for await (const { text } of requests) bytes += text.length;
    return { index: bytes };
  },
  async *bidiStream(requests, context) {
    for await (const request of requests) yield unary(request, context);
  },
};

function unary({ text, payload, fault }: EchoRequest, context: HandlerContext) {
  context.responseHeader.set("x-header", "1");
  context.responseTrailer.set("x-trailer-bin", "AAEC");
  if (fault !== undefined && fault.code in Code) {
    const details = [{ desc: ErrorDetailSchema, value: { reason: "asked for" } }];
    throw new ConnectError(fault.message, fault.code as Code, { "x-error": "1" }, details);
  }
  return { text, payload };
}

/** Makes the n-th call of a client; each call is of another kind. Settles when the call has ended. */
export function callNumber(n: number, client: Client<typeof EchoService>, limitMs = timeoutMs): Promise<unknown> {
  const options = { timeoutMs: limitMs };
  switch (n % 7) {
    case 0:
      return client.unary({ text: `call ${n}` }, options);
    case 1:
      return all(client.serverStream({ text: "many", count: 3 }, options));
    case 2:
      return client.clientStream(iterate([{ text: "a" }, { text: "b" }, { text: "c" }]), options);
    case 3:
      return all(
        client.bidiStream(iterate([{ text: "1" }, { payload: new Uint8Array(2_000) }, { text: "3" }]), options),
      );
    case 4:
      return client.unary({ fault: { code: Code.Aborted, message: "not now, naïve" } }, options);
    case 5:
      return client.unary(
        { payload: new Uint8Array(20_000) },
        { ...options, headers: { "x-any": "1", "x-any-bin": "AAEC" } },
      );
    default:
      return all(client.serverStream({ fault: { code: Code.DataLoss, message: "%" }, count: 2 }, options));
  }
}
