// server.js <address>: the test services, implemented with grpc-js. Prints "ready" when it accepts calls; ends on
// SIGTERM.
import { rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type StatusObject,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { initialKey, trailingKey } from "../typescript-peers.js";
import {
  detailType,
  type Ended,
  ErrorReason,
  type FailRequest,
  type Init,
  type InputRequest,
  type InputResponse,
  type Key,
  type Observation,
  type OutputRequest,
  type PayloadResponse,
  ProbeService,
  payload,
  RpcStatus,
  type SimpleRequest,
  TestService,
} from "./protos.js";

/** The keys of the hanging calls that have ended. */
const ended = new Set<string>();

/** What calls of all kinds have in common. */
interface ServerCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  sendMetadata(headers: Metadata): void;
  getDeadline(): Date | number;
  on(event: "cancelled", listener: () => void): unknown;
}

const test: UntypedServiceImplementation = {
  emptyCall(_call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>) {
    callback(null, {});
  },
  unaryCall(call: ServerUnaryCall<SimpleRequest, PayloadResponse>, callback: sendUnaryData<PayloadResponse>) {
    const trailers = echoTestMetadata(call);
    const error = statusAsked(call.request, trailers);
    callback(error, { payload: payload(call.request.responseSize) }, trailers);
  },
  async streamingOutputCall(call: ServerWritableStream<OutputRequest, PayloadResponse>) {
    await writeOutputs(call, call.request);
    call.end();
  },
  async streamingInputCall(
    call: ServerReadableStream<InputRequest, InputResponse>,
    callback: sendUnaryData<InputResponse>,
  ) {
    let aggregatedPayloadSize = 0;
    try {
      for await (const request of call as AsyncIterable<InputRequest>) {
        aggregatedPayloadSize += request.payload.body.length;
      }
      callback(null, { aggregatedPayloadSize });
    } catch {
      // The call was cancelled, so nobody waits for a response.
    }
  },
  async fullDuplexCall(call: ServerDuplexStream<OutputRequest, PayloadResponse>) {
    const trailers = echoTestMetadata(call);
    try {
      for await (const request of requestsOf(call)) {
        const error = statusAsked(request, trailers);
        if (error !== null) {
          call.emit("error", error);
          return;
        }
        await writeOutputs(call, request);
      }
      call.end(trailers);
    } catch {
      // The call was cancelled, so nobody waits for a response.
    }
  },
};

const probe: UntypedServiceImplementation = {
  observe(call: ServerUnaryCall<object, Init<Observation>>, callback: sendUnaryData<Init<Observation>>) {
    callback(null, observe(call), echo(call));
  },
  async observeStream(call: ServerDuplexStream<object, Init<Observation>>) {
    const trailers = echo(call);
    for await (const _ of requestsOf(call)) {
      call.write(observe(call));
    }
    call.end(trailers);
  },
  fail(call: ServerUnaryCall<FailRequest, Observation>, callback: sendUnaryData<Observation>) {
    callback(failure(call.request, echo(call)));
  },
  failStream(call: ServerWritableStream<FailRequest, Init<Observation>>) {
    const trailers = echo(call);
    for (let i = 0; i < call.request.after; i++) {
      call.write({});
    }
    call.emit("error", failure(call.request, trailers));
  },
  hang(call: ServerUnaryCall<Key, Observation>) {
    noteEnd(call, call.request.key);
  },
  hangStream(call: ServerDuplexStream<Key, Init<Observation>>) {
    call.once("data", ({ key }: Key) => {
      noteEnd(call, key);
      call.write({});
    });
    call.on("error", () => {});
  },
  async ended({ request }: ServerUnaryCall<Key, Ended>, callback: sendUnaryData<Ended>) {
    for (let waitedMs = 0; waitedMs < 2_000 && !ended.has(request.key); waitedMs += 10) {
      await delay(10);
    }
    callback(null, { ended: ended.has(request.key) });
  },
};

/**
 * Yields the requests of a duplex call. Leaving the loop early leaves the call open, because the server has not ended
 * it yet.
 */
function requestsOf<Request>(call: ServerDuplexStream<Request, never>): AsyncIterable<Request> {
  return call.iterator({ destroyOnReturn: false });
}

function noteEnd(call: ServerCall, key: string): void {
  if (call.cancelled) {
    ended.add(key);
  }
  call.on("cancelled", () => ended.add(key));
}

type OutputCall = ServerWritableStream<unknown, PayloadResponse> | ServerDuplexStream<unknown, PayloadResponse>;

async function writeOutputs(call: OutputCall, { responseParameters }: OutputRequest): Promise<void> {
  for (const { size } of responseParameters) {
    if (!call.write({ payload: payload(size) }) && !call.cancelled) {
      await new Promise<void>((resolve) => {
        call.once("drain", resolve);
        call.once("cancelled", resolve);
      });
    }
  }
}

function statusAsked(
  { responseStatus }: Pick<OutputRequest, "responseStatus">,
  metadata: Metadata,
): StatusObject | null {
  return responseStatus?.code ? { code: responseStatus.code, details: responseStatus.message, metadata } : null;
}

/** Echoes the headers of gRPC's own case. @returns the trailers to send */
function echoTestMetadata(call: ServerCall): Metadata {
  const headers = pick(call.metadata, (key) => key === initialKey);
  if (headers.get(initialKey).length > 0) {
    call.sendMetadata(headers);
  }
  return pick(call.metadata, (key) => key === trailingKey);
}

function echo(call: ServerCall): Metadata {
  call.sendMetadata(pick(call.metadata, (key) => key.startsWith("x-head-")));
  return pick(call.metadata, (key) => key.startsWith("x-tail-"));
}

function pick(metadata: Metadata, isWanted: (key: string) => boolean): Metadata {
  const picked = new Metadata();
  for (const key of Object.keys(metadata.getMap()).filter(isWanted)) {
    for (const value of metadata.get(key)) {
      picked.add(key, value);
    }
  }
  return picked;
}

function observe(call: ServerCall): Init<Observation> {
  const metadata = Object.keys(call.metadata.getMap())
    .filter((key) => key.startsWith("x-"))
    .flatMap((key) => call.metadata.get(key).map((value) => ({ key, value: Buffer.from(value) })));
  const deadline = call.getDeadline();
  return deadline === Number.POSITIVE_INFINITY ? { metadata } : { metadata, timeoutMs: Number(deadline) - Date.now() };
}

function failure({ code, message, detail }: FailRequest, metadata: Metadata): StatusObject {
  const details = detail === null ? [] : [{ type_url: detailType, value: ErrorReason.serialize(detail) }];
  metadata.set("grpc-status-details-bin", RpcStatus.serialize({ code, message, details }));
  return { code, details: message, metadata };
}

/** The age at which connections end, if one is given. */
const { MAX_CONNECTION_AGE_MS: age, MAX_CONNECTION_AGE_GRACE_MS: grace } = process.env;
const server = new Server(
  age === undefined
    ? {}
    : { "grpc.max_connection_age_ms": Number(age), "grpc.max_connection_age_grace_ms": Number(grace) },
);
server.addService(TestService.service, test);
server.addService(ProbeService.service, probe);
const address = process.argv[2] ?? "";
// A killed server leaves its socket file behind, and Node.js does not listen at a path where a file exists.
rmSync(address.replace(/^unix:/, ""), { force: true });
server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
  if (error) {
    throw error;
  }
  console.log("ready");
});
process.on("SIGTERM", () => {
  server.tryShutdown(() => process.exit());
  setTimeout(() => process.exit(), 1_000);
});
