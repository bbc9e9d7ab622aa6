// client.js <address> <case>...: the cases, implemented with grpc-js.
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  type CallOptions,
  type Client,
  type ClientReadableStream,
  compressionAlgorithms,
  credentials,
  Metadata,
  type MetadataValue,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import {
  ask,
  assertEqual,
  fourMB,
  initialKey,
  joined,
  requestSizes,
  responseSizes,
  runCases,
  specialMessage,
  trailingKey,
} from "../typescript-peers.js";
import {
  detailType,
  ErrorReason,
  type Init,
  type InputRequest,
  type InputResponse,
  type Observation,
  type OutputRequest,
  type PayloadResponse,
  ProbeService,
  payload,
  RpcStatus,
  type TestClient,
  TestService,
  type UnaryMethod,
  UnimplementedService,
} from "./protos.js";

const timeoutMs = 5_000;

type Entry = readonly [key: string, value: MetadataValue];

const sent: readonly Entry[] = [
  ["x-head-text", "one"],
  ["x-head-text", "two"],
  ["x-head-comma", "a, b"],
  ["x-head-empty", ""],
  ["x-head-bytes-bin", Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
  ["x-head-bytes-bin", Buffer.of(0, 255)],
  ["x-tail-text", "three"],
  ["x-tail-text", "four"],
  ["x-tail-bytes-bin", Buffer.of(0)],
  ["x-tail-bytes-bin", Buffer.of(1, 2)],
];

const failRequest = {
  code: status.FAILED_PRECONDITION,
  message: "not yet: ☺",
  detail: { reason: "NOT_READY", domain: "vyra.ipc", metadata: { module: "camera" } },
};
const refusal = { responseStatus: { code: status.ABORTED, message: "enough" } };

const [address = "", ...names] = process.argv.slice(2);
const gzip = { "grpc.default_compression_algorithm": compressionAlgorithms.gzip };
const test = new TestService(address, credentials.createInsecure());
const compressing = new TestService(address, credentials.createInsecure(), gzip);
const probe = new ProbeService(address, credentials.createInsecure());
const unimplemented = new UnimplementedService(address, credentials.createInsecure());

const cases: Record<string, () => Promise<void>> = {
  empty_unary: emptyUnary,
  async large_unary() {
    const { response } = await unary(test, test.unaryCall, { responseSize: 314159, payload: payload(271828) });
    assertEqual(response.payload.body.length, 314159, "size");
  },
  async client_streaming() {
    const requests = requestSizes.map((size) => ({ payload: payload(size) }));
    const response = await upload(test, requests);
    assertEqual(response.aggregatedPayloadSize, 74922, "size");
  },
  async server_streaming() {
    const responseParameters = responseSizes.map((size) => ({ size }));
    const call = test.streamingOutputCall({ responseParameters }, deadline());
    assertEqual(await sizesOf(call), responseSizes, "sizes");
  },
  async ping_pong() {
    const call = test.fullDuplexCall(deadline());
    const responses = call[Symbol.asyncIterator]();
    for (const [i, size] of responseSizes.entries()) {
      call.write(ping(i));
      assertEqual((await responses.next()).value?.payload.body.length, size, "size");
    }
    call.end();
    assertEqual((await responses.next()).done, true, "end after half-close");
  },
  async empty_stream() {
    const call = test.fullDuplexCall(deadline());
    call.end();
    assertEqual(await sizesOf(call), [], "sizes");
  },
  async client_compressed_unary() {
    const request = { expectCompressed: { value: true }, responseSize: 314159, payload: payload(271828) };
    assertCode(await failureOf(unary(test, test.unaryCall, request)), status.INVALID_ARGUMENT);
    await compressedUnary();
  },
  client_compressed_unary_noprobe: compressedUnary,
  async client_compressed_streaming() {
    const probing = upload(test, [{ payload: payload(27182), expectCompressed: { value: true } }]);
    assertCode(await failureOf(probing), status.INVALID_ARGUMENT);
    await compressedStreaming();
  },
  client_compressed_streaming_noprobe: compressedStreaming,
  async server_compressed_unary() {
    for (const value of [true, false]) {
      const request = { responseCompressed: { value }, responseSize: 314159, payload: payload(271828) };
      assertEqual((await unary(test, test.unaryCall, request)).response.payload.body.length, 314159, "size");
    }
  },
  async server_compressed_streaming() {
    const responseParameters = [
      { size: 31415, compressed: { value: true } },
      { size: 92653, compressed: { value: false } },
    ];
    assertEqual(await sizesOf(test.streamingOutputCall({ responseParameters }, deadline())), [31415, 92653], "sizes");
  },
  async custom_metadata() {
    const metadata = metadataOf([
      [initialKey, "test_initial_metadata_value"],
      [trailingKey, Buffer.from("0a0b0a0b0a0b", "hex")],
    ]);
    const request = { responseSize: 1, payload: payload(1) };
    const call = test.fullDuplexCall(metadata, deadline());
    const echo = echoOf(call);
    call.write({ responseParameters: [{ size: 1 }], payload: payload(1) });
    call.end();
    assertEqual(await sizesOf(call), [1], "sizes");
    for (const { headers, trailers } of [await unary(test, test.unaryCall, request, { metadata }), echo]) {
      assertEqual(headers.get(initialKey), ["test_initial_metadata_value"], "header");
      assertEqual(trailers.get(trailingKey), [Buffer.from("0a0b0a0b0a0b", "hex")], "trailer");
    }
  },
  async status_code_and_message() {
    const responseStatus = { code: status.UNKNOWN, message: "test status message" };
    const unaryError = await failureOf(unary(test, test.unaryCall, { responseStatus }));
    assertCode(unaryError, status.UNKNOWN, responseStatus.message);
    const call = test.fullDuplexCall(deadline());
    call.write({ responseStatus });
    call.end();
    assertCode(await failureOf(sizesOf(call)), status.UNKNOWN, responseStatus.message);
  },
  async special_status_message() {
    const responseStatus = { code: status.UNKNOWN, message: specialMessage };
    assertCode(await failureOf(unary(test, test.unaryCall, { responseStatus })), status.UNKNOWN, specialMessage);
  },
  async unimplemented_method() {
    assertCode(await failureOf(unary(test, test.unimplementedCall, {})), status.UNIMPLEMENTED);
  },
  async unimplemented_service() {
    assertCode(await failureOf(unary(unimplemented, unimplemented.unimplementedCall, {})), status.UNIMPLEMENTED);
  },
  async cancel_after_begin() {
    const call: Control = { cancel() {} };
    const failure = failureOf(upload(test, undefined, call));
    call.cancel();
    assertCode(await failure, status.CANCELLED);
  },
  async cancel_after_first_response() {
    const call = test.fullDuplexCall(deadline());
    const responses = call[Symbol.asyncIterator]();
    call.write(ping(0));
    await responses.next();
    call.cancel();
    assertCode(await failureOf(responses.next()), status.CANCELLED);
  },
  async timeout_on_sleeping_server() {
    const call = test.fullDuplexCall(deadline(1));
    call.write({ payload: payload(27182) });
    assertCode(await failureOf(sizesOf(call)), status.DEADLINE_EXCEEDED);
  },

  async four_mb_unary() {
    const { response } = await unary(test, test.unaryCall, { responseSize: fourMB, payload: payload(fourMB) });
    assertEqual(response.payload.body.length, fourMB, "size");
  },
  async four_mb_stream() {
    const call = test.fullDuplexCall(deadline(20_000));
    for (let i = 0; i < 4; i++) {
      call.write({ responseParameters: [{ size: fourMB }], payload: payload(fourMB) });
    }
    call.end();
    assertEqual(await sizesOf(call), [fourMB, fourMB, fourMB, fourMB], "sizes");
  },
  async concurrent_calls() {
    const sizes = Array.from({ length: 200 }, (_, i) => 10 * i);
    const results = await Promise.all(sizes.map((responseSize) => unary(test, test.unaryCall, { responseSize })));
    assertEqual(
      results.map(({ response }) => response.payload.body.length),
      sizes,
      "sizes",
    );
  },
  async metadata_unary() {
    const { response, headers, trailers } = await unary(probe, probe.observe, {}, { metadata: metadataOf(sent) });
    assertObserved(response);
    assertEcho(headers, trailers);
  },
  async metadata_stream() {
    const call = probe.observeStream(metadataOf(sent), deadline());
    const echo = echoOf(call);
    call.write({});
    call.write({});
    call.end();
    const observations = await collect(call);
    assertEqual(observations.length, 2, "responses");
    observations.forEach(assertObserved);
    assertEcho(echo.headers, echo.trailers);
  },
  async metadata_on_error() {
    const error = await failureOf(unary(probe, probe.fail, failRequest, { metadata: metadataOf(sent) }));
    assertCode(error, status.FAILED_PRECONDITION);
    // A server may send only trailers, which then hold all metadata.
    const headers = error.headers?.get("x-head-text").length ? error.headers : error.metadata;
    assertEcho(headers, error.metadata);
  },
  async error_details() {
    assertDetail(await failureOf(unary(probe, probe.fail, failRequest)));
  },
  async error_details_stream() {
    const responses = probe.failStream({ ...failRequest, after: 3 }, deadline())[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) {
      assertEqual((await responses.next()).done, false, "end of stream");
    }
    assertDetail(await failureOf(responses.next()));
  },
  async status_before_half_close() {
    const call = test.fullDuplexCall(deadline());
    call.write(refusal);
    assertCode(await failureOf(sizesOf(call)), status.ABORTED, "enough");
  },
  async status_during_upload() {
    const call = test.fullDuplexCall(deadline());
    call.write(refusal);
    for (let i = 0; i < 8; i++) {
      call.write({ payload: payload(1_000_000) });
    }
    call.end();
    assertCode(await failureOf(sizesOf(call)), status.ABORTED, "enough");
  },
  async cancel_seen_unary() {
    const key = randomUUID();
    const call: Control = { cancel() {} };
    const failure = failureOf(unary(probe, probe.hang, { key }, { control: call }));
    await delay(200);
    call.cancel();
    assertCode(await failure, status.CANCELLED);
    await assertEnded(key);
  },
  async cancel_seen_stream() {
    const key = randomUUID();
    const call = probe.hangStream(deadline());
    const responses = call[Symbol.asyncIterator]();
    call.write({ key });
    await responses.next();
    call.cancel();
    assertCode(await failureOf(responses.next()), status.CANCELLED);
    await assertEnded(key);
  },
  async deadline_of_client() {
    const key = randomUUID();
    const startedAt = performance.now();
    const error = await failureOf(unary(probe, probe.hang, { key }, { timeoutMs: 300 }));
    assertCode(error, status.DEADLINE_EXCEEDED);
    const tookMs = performance.now() - startedAt;
    assertEqual(tookMs >= 250 && tookMs <= 2_000, true, `${Math.round(tookMs)} ms is about 300`);
    await assertEnded(key);
  },
  async deadline_on_wire() {
    const { response } = await unary(probe, probe.observe, {});
    const isRight = response.timeoutMs > 3_000 && response.timeoutMs <= 5_100;
    assertEqual(isRight, true, `the server saw ${response.timeoutMs} ms, which is somewhat less than 5000`);
  },
  async server_gone_and_back() {
    await emptyUnary();
    await ask("stop");
    assertCode(await failureOf(emptyUnary()), status.UNAVAILABLE);
    await ask("start");
    for (const giveUpAt = Date.now() + 10_000; ; await delay(50)) {
      try {
        await emptyUnary();
        return;
      } catch (error) {
        assertCode(error as CallError, status.UNAVAILABLE);
        assertEqual(Date.now() < giveUpAt, true, "a call succeeded within 10 s of the server's return");
      }
    }
  },
};

async function emptyUnary(): Promise<void> {
  await unary(test, test.emptyCall, {});
}

async function compressedUnary(): Promise<void> {
  for (const [client, value] of [
    [compressing, true],
    [test, false],
  ] as const) {
    const request = { expectCompressed: { value }, responseSize: 314159, payload: payload(271828) };
    assertEqual((await unary(client, client.unaryCall, request)).response.payload.body.length, 314159, "size");
  }
}

async function compressedStreaming(): Promise<void> {
  // grpc-js compresses all requests of a stream or none. The second one should be uncompressed, so its field expects
  // nothing here.
  const requests = [{ payload: payload(27182), expectCompressed: { value: true } }, { payload: payload(45904) }];
  assertEqual((await upload(compressing, requests)).aggregatedPayloadSize, 73086, "size");
}

function deadline(ms = timeoutMs): CallOptions {
  return { deadline: Date.now() + ms };
}

/** The metadata that a call has received when it ends. */
interface Echo {
  headers: Metadata;
  trailers: Metadata;
}

/** Lets a case cancel a call that it sees as a promise. */
interface Control {
  cancel(): void;
}

interface UnaryOptions {
  readonly metadata?: Metadata;
  readonly timeoutMs?: number;
  /** Its `cancel` is replaced by one that cancels the call. */
  readonly control?: Control;
}

/** The error of a call, with the metadata that the call received. */
type CallError = ServiceError & Partial<Echo>;

/** Makes a unary call. @returns its response, headers and trailers */
function unary<Request, Response>(
  client: Client,
  method: UnaryMethod<Request, Response>,
  request: Request,
  { metadata = new Metadata(), timeoutMs: ms, control }: UnaryOptions = {},
): Promise<{ readonly response: Response } & Echo> {
  return new Promise((resolve, reject) => {
    const call = method.call(client, request, metadata, deadline(ms), (error, response) => {
      // The status, which has the trailers, comes after the callback.
      setImmediate(() => {
        if (error !== null) {
          reject(Object.assign(error, echo));
        } else {
          resolve({ response: response as Response, ...echo });
        }
      });
    });
    const echo = echoOf(call);
    if (control !== undefined) {
      control.cancel = () => call.cancel();
    }
  });
}

/** Makes a StreamingInputCall. Without requests, it stays open. */
function upload(
  client: TestClient,
  requests: readonly Init<InputRequest>[] | undefined,
  control?: Control,
): Promise<InputResponse> {
  return new Promise((resolve, reject) => {
    const call = client.streamingInputCall(deadline(), (error, response) =>
      error ? reject(error) : resolve(response as InputResponse),
    );
    for (const request of requests ?? []) {
      call.write(request);
    }
    if (requests !== undefined) {
      call.end();
    }
    if (control !== undefined) {
      control.cancel = () => call.cancel();
    }
  });
}

interface MetadataSource {
  on(event: "metadata", listener: (headers: Metadata) => void): unknown;
  on(event: "status", listener: (status: { readonly metadata: Metadata }) => void): unknown;
}

function echoOf(call: MetadataSource): Echo {
  const echo = { headers: new Metadata(), trailers: new Metadata() };
  call.on("metadata", (headers) => {
    echo.headers = headers;
  });
  call.on("status", ({ metadata }) => {
    echo.trailers = metadata;
  });
  return echo;
}

async function collect<T>(call: ClientReadableStream<T>): Promise<T[]> {
  const messages: T[] = [];
  for await (const message of call as AsyncIterable<T>) {
    messages.push(message);
  }
  return messages;
}

async function sizesOf(call: ClientReadableStream<PayloadResponse>): Promise<number[]> {
  return (await collect(call)).map((response) => response.payload.body.length);
}

function ping(index: number): Init<OutputRequest> {
  const [size = 0, requestSize = 0] = [responseSizes[index], requestSizes[index]];
  return { responseParameters: [{ size }], payload: payload(requestSize) };
}

function metadataOf(entries: readonly Entry[]): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of entries) {
    metadata.add(key, value);
  }
  return metadata;
}

/** Returns the values of a key. Those of a text key are joined into one. */
function valuesOf(values: readonly MetadataValue[]): string[] {
  return values.some(Buffer.isBuffer) ? values.map((value) => value.toString("hex")) : [joined(values)];
}

function assertMetadata(valuesFor: (key: string) => readonly MetadataValue[], prefix: string, where: string): void {
  const wanted = metadataOf(sent);
  for (const key of Object.keys(wanted.getMap()).filter((key) => key.startsWith(prefix))) {
    assertEqual(valuesOf(valuesFor(key)), valuesOf(wanted.get(key)), `${key} in ${where}`);
  }
}

function assertEcho(headers: Metadata, trailers: Metadata): void {
  assertMetadata((key) => headers.get(key), "x-head-", "headers");
  assertMetadata((key) => trailers.get(key), "x-tail-", "trailers");
}

function assertObserved({ metadata }: Observation): void {
  const valuesFor = (key: string) => {
    const values = metadata.filter((entry) => entry.key === key).map(({ value }) => value);
    return key.endsWith("-bin") ? values : values.map(String);
  };
  assertMetadata(valuesFor, "x-", "what the server saw");
}

function assertDetail(error: CallError): void {
  assertCode(error, failRequest.code, failRequest.message);
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const { details } = RpcStatus.deserialize(bytes as Buffer);
  assertEqual(details.length, 1, "number of details");
  assertEqual(details[0]?.type_url, detailType, "type of the detail");
  assertEqual(ErrorReason.deserialize(details[0]?.value ?? Buffer.alloc(0)), failRequest.detail, "detail");
}

async function assertEnded(key: string): Promise<void> {
  const { response } = await unary(probe, probe.ended, { key });
  assertEqual(response.ended, true, "the handler saw the end of the call");
}

async function failureOf(promise: Promise<unknown>): Promise<CallError> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    return error as CallError;
  }
  throw new Error(`the call succeeded: ${JSON.stringify(result)}`);
}

function assertCode(error: CallError, code: status, message?: string): void {
  if (error.code !== code) {
    throw new Error(`got ${status[error.code] ?? error} (${error.details}), want ${status[code]}`);
  }
  if (message !== undefined) {
    assertEqual(error.details, message, "status message");
  }
}

await runCases(cases, names);
// grpc-js keeps the process alive for the deadlines of calls that have ended.
process.exit();
