// client.js <grpcurl> <socket's path> <case>...: the cases that grpcurl can run, with one process for each call.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { root } from "../../support/folders.js";
import {
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

const [grpcurl = "", path = "", ...names] = process.argv.slice(2);

const protos = join(root, "tests/proto");
const test = "grpc.testing.TestService";
const probe = "grpc.testing.vyra.ProbeService";

/** A key and its value. */
type Entry = readonly [key: string, value: string];

/** A response, or an error, as grpcurl prints it, with the fields that the cases check. */
interface Printed {
  readonly payload?: { readonly body: string };
  readonly metadata?: readonly { readonly key: string; readonly value: string }[];
  readonly timeoutMs?: string;
  readonly message?: string;
  readonly details?: readonly unknown[];
}

/** The output of grpcurl for a call. */
interface Result {
  readonly exitCode: number | null;
  readonly messages: readonly Printed[];
  readonly errors: string;
  readonly headers: readonly Entry[];
  readonly trailers: readonly Entry[];
}

interface CallOptions {
  readonly metadata?: readonly Entry[];
  readonly maxTimeS?: number;
  /** Whether grpcurl prints headers and trailers. It also does so if there is metadata. */
  readonly isVerbose?: boolean;
  /** Writes further requests. */
  readonly write?: (stdin: Writable, responses: Collected) => Promise<unknown>;
}

const code = { OK: 0, UNKNOWN: 2, DEADLINE_EXCEEDED: 4, FAILED_PRECONDITION: 9, ABORTED: 10, UNIMPLEMENTED: 12 };

/** Encodes "-bin" values in base64, which is the form that grpcurl reads and prints. */
const sent: readonly Entry[] = [
  ["x-head-text", "one"],
  ["x-head-text", "two"],
  ["x-head-comma", "a, b"],
  ["x-head-bytes-bin", Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString("base64")],
  ["x-head-bytes-bin", "AP8="],
  ["x-tail-text", "three"],
  ["x-tail-text", "four"],
  ["x-tail-bytes-bin", "AA=="],
  ["x-tail-bytes-bin", "AQI="],
];

const failRequest = {
  code: code.FAILED_PRECONDITION,
  message: "not yet: ☺",
  detail: { reason: "NOT_READY", domain: "vyra.ipc", metadata: { module: "camera" } },
};
const refusal = { response_status: { code: code.ABORTED, message: "enough" } };

const cases: Record<string, () => Promise<void>> = {
  async empty_unary() {
    const { messages } = await ok(call(`${test}/EmptyCall`, [{}]));
    assertEqual(messages, [{}], "response");
  },
  async large_unary() {
    const request = { response_size: 314159, payload: payload(271828) };
    assertSizes(await ok(call(`${test}/UnaryCall`, [request])), [314159]);
  },
  async client_streaming() {
    const requests = requestSizes.map((size) => ({ payload: payload(size) }));
    const { messages } = await ok(call(`${test}/StreamingInputCall`, requests));
    assertEqual(messages, [{ aggregatedPayloadSize: 74922 }], "response");
  },
  async server_streaming() {
    const request = { response_parameters: responseSizes.map((size) => ({ size })) };
    assertSizes(await ok(call(`${test}/StreamingOutputCall`, [request])), responseSizes);
  },
  async ping_pong() {
    const ended = call(`${test}/FullDuplexCall`, [], {
      async write(stdin, responses) {
        for (const [i, size] of responseSizes.entries()) {
          stdin.write(JSON.stringify({ response_parameters: [{ size }], payload: payload(requestSizes[i] ?? 0) }));
          await responses.atLeast(i + 1);
        }
      },
    });
    assertSizes(await ok(ended), responseSizes);
  },
  async empty_stream() {
    assertEqual((await ok(call(`${test}/FullDuplexCall`, []))).messages, [], "responses");
  },
  async server_compressed_unary() {
    for (const value of [true, false]) {
      const request = { response_compressed: { value }, response_size: 314159, payload: payload(271828) };
      assertSizes(await ok(call(`${test}/UnaryCall`, [request])), [314159]);
    }
  },
  async server_compressed_streaming() {
    const response_parameters = [
      { size: 31415, compressed: { value: true } },
      { size: 92653, compressed: { value: false } },
    ];
    assertSizes(await ok(call(`${test}/StreamingOutputCall`, [{ response_parameters }])), [31415, 92653]);
  },
  async custom_metadata() {
    const [initial, trailing] = ["test_initial_metadata_value", "CgsKCwoL"];
    const metadata: Entry[] = [
      [initialKey, initial],
      [trailingKey, trailing],
    ];
    const request = { response_size: 1, payload: payload(1) };
    const output = { response_parameters: [{ size: 1 }], payload: payload(1) };
    for (const result of [
      await ok(call(`${test}/UnaryCall`, [request], { metadata })),
      await ok(call(`${test}/FullDuplexCall`, [output], { metadata })),
    ]) {
      assertEqual(valuesOf(result.headers, initialKey), [initial], "header");
      assertEqual(valuesOf(result.trailers, trailingKey), [trailing], "trailer");
    }
  },
  async status_code_and_message() {
    const response_status = { code: code.UNKNOWN, message: "test status message" };
    for (const method of ["UnaryCall", "FullDuplexCall"]) {
      const result = await call(`${test}/${method}`, [{ response_status }]);
      assertStatus(result, code.UNKNOWN, response_status.message);
    }
  },
  async special_status_message() {
    const response_status = { code: code.UNKNOWN, message: specialMessage };
    assertStatus(await call(`${test}/UnaryCall`, [{ response_status }]), code.UNKNOWN, specialMessage);
  },
  async unimplemented_method() {
    assertStatus(await call(`${test}/UnimplementedCall`, [{}]), code.UNIMPLEMENTED);
  },
  async unimplemented_service() {
    assertStatus(await call("grpc.testing.UnimplementedService/UnimplementedCall", [{}]), code.UNIMPLEMENTED);
  },
  async timeout_on_sleeping_server() {
    // The timeout is not 1 ms as in other clients: grpcurl's includes connecting. And grpcurl reads its input before
    // the status.
    const result = await call(`${test}/FullDuplexCall`, [{ payload: payload(27182) }], {
      maxTimeS: 0.3,
      write: () => delay(1_500),
    });
    assertStatus(result, code.DEADLINE_EXCEEDED);
  },

  async four_mb_unary() {
    const request = { response_size: fourMB, payload: payload(fourMB) };
    assertSizes(await ok(call(`${test}/UnaryCall`, [request])), [fourMB]);
  },
  async four_mb_stream() {
    const request = { response_parameters: [{ size: fourMB }], payload: payload(fourMB) };
    const requests = [request, request, request, request];
    assertSizes(await ok(call(`${test}/FullDuplexCall`, requests, { maxTimeS: 20 })), [fourMB, fourMB, fourMB, fourMB]);
  },
  async metadata_unary() {
    assertEcho(await ok(call(`${probe}/Observe`, [{}], { metadata: sent })), 1);
  },
  async metadata_stream() {
    assertEcho(await ok(call(`${probe}/ObserveStream`, [{}, {}], { metadata: sent })), 2);
  },
  async metadata_on_error() {
    const { exitCode, headers, trailers } = await call(`${probe}/Fail`, [failRequest], {
      metadata: sent,
      isVerbose: true,
    });
    assertEqual(exitCode, 64 + failRequest.code, "exit code");
    // A server may send only trailers, which then hold all metadata.
    assertMetadata([...headers, ...trailers], "x-head-", "headers");
    assertMetadata(trailers, "x-tail-", "trailers");
  },
  async error_details() {
    assertDetail(await call(`${probe}/Fail`, [failRequest]));
  },
  async error_details_stream() {
    const result = await call(`${probe}/FailStream`, [{ ...failRequest, after: 3 }]);
    assertEqual(result.messages.length, 3, "responses before the error");
    assertDetail(result);
  },
  async status_during_upload() {
    const more = Array.from({ length: 8 }, () => ({ payload: payload(1_000_000) }));
    assertStatus(await call(`${test}/FullDuplexCall`, [refusal, ...more]), code.ABORTED, "enough");
  },
  async deadline_of_client() {
    const key = randomUUID();
    assertStatus(await call(`${probe}/Hang`, [{ key }], { maxTimeS: 0.3 }), code.DEADLINE_EXCEEDED);
    const { messages } = await ok(call(`${probe}/Ended`, [{ key }]));
    assertEqual(messages, [{ ended: true }], "the handler's end");
  },
  async deadline_on_wire() {
    const { messages } = await ok(call(`${probe}/Observe`, [{}]));
    const timeoutMs = Number(messages[0]?.timeoutMs);
    const isRight = timeoutMs > 3_000 && timeoutMs <= 5_100;
    assertEqual(isRight, true, `the server saw ${timeoutMs} ms, which is somewhat less than 5000`);
  },
};

/**
 * Makes one call. If it has metadata or is to be verbose, grpcurl prints headers, trailers, and an error as text;
 * otherwise it prints an error as JSON.
 */
async function call(method: string, requests: readonly object[], options: CallOptions = {}): Promise<Result> {
  const { metadata = [], maxTimeS = 5, isVerbose = metadata.length > 0, write } = options;
  const args = ["-plaintext", "-unix", "-max-time", String(maxTimeS), "-d", "@", "-import-path", protos];
  args.push("-proto", "grpc/testing/test.proto", "-proto", "grpc/testing/vyra/probe.proto");
  args.push(isVerbose ? "-v" : "-format-error");
  for (const [key, value] of metadata) {
    args.push("-H", `${key}: ${value}`);
  }
  const child = spawn(grpcurl, [...args, path, method]);
  const closed = once(child, "close");
  const responses = collect(child.stdout);
  const errors = collect(child.stderr);
  child.stdin.on("error", () => {}); // the call ended before all requests were read
  for (const request of requests) {
    child.stdin.write(JSON.stringify(request));
  }
  await write?.(child.stdin, responses);
  child.stdin.end();
  const [exitCode]: (number | null)[] = await closed;
  const headers = section(responses.text(), "Response headers received:");
  const trailers = section(responses.text(), "Response trailers received:");
  return { exitCode: exitCode ?? null, messages: jsonIn(responses.text()), errors: errors.text(), headers, trailers };
}

/** The output of a program so far. */
interface Collected {
  text(): string;
  /** Waits until there are this many messages, or the output ends. */
  atLeast(count: number): Promise<void>;
}

function collect(stream: Readable): Collected {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  const text = () => Buffer.concat(chunks).toString();
  return {
    text,
    async atLeast(count) {
      while (jsonIn(text()).length < count && !stream.readableEnded) {
        await Promise.race([once(stream, "data"), once(stream, "end")]);
      }
    },
  };
}

/** Returns the JSON objects in grpcurl's output. The braces of each are on their own lines, or it is "{}". */
function jsonIn(text: string): Printed[] {
  return (text.match(/^\{\}$|^\{$[\s\S]*?^\}$/gm) ?? []).map((json) => JSON.parse(json));
}

/** Returns the "key: value" lines under a title. */
function section(text: string, title: string): Entry[] {
  const start = text.indexOf(title);
  if (start === -1) {
    return [];
  }
  const lines = text.slice(start + title.length + 1).split("\n");
  return lines
    .slice(
      0,
      lines.findIndex((line) => !line.includes(":")),
    )
    .map((line): Entry => {
      const [key = "", ...rest] = line.split(": ");
      return [key.replace(/:$/, ""), rest.join(": ")];
    });
}

async function ok(ended: Promise<Result>): Promise<Result> {
  const result = await ended;
  assertEqual(result.exitCode, 0, `exit code of grpcurl (${result.errors.trim()})`);
  return result;
}

/** Returns the status code from grpcurl's exit status, which is 64 plus the code. */
function assertStatus({ exitCode, errors }: Result, wanted: number, message?: string): void {
  assertEqual(exitCode, 64 + wanted, `exit code of grpcurl (${errors.trim()})`);
  if (message !== undefined) {
    assertEqual(jsonIn(errors)[0]?.message, message, "status message");
  }
}

function assertDetail(result: Result): void {
  assertStatus(result, failRequest.code, failRequest.message);
  const [error] = jsonIn(result.errors);
  const type = "type.googleapis.com/grpc.testing.vyra.ErrorReason";
  assertEqual(error?.details, [{ "@type": type, ...failRequest.detail }], "details");
}

function assertEcho({ messages, headers, trailers }: Result, count: number): void {
  assertEqual(messages.length, count, "responses");
  for (const { metadata = [] } of messages) {
    const seen = metadata.map(({ key, value }): Entry => [key, key.endsWith("-bin") ? value : atob(value)]);
    assertMetadata(seen, "x-", "what the server saw");
  }
  assertMetadata(headers, "x-head-", "headers");
  assertMetadata(trailers, "x-tail-", "trailers");
}

function assertMetadata(seen: readonly Entry[], prefix: string, where: string): void {
  for (const [key] of sent.filter(([key]) => key.startsWith(prefix))) {
    assertEqual(valuesOf(seen, key), valuesOf(sent, key), `${key} in ${where}`);
  }
}

/** Returns the values of a key. Those of a text key are joined into one. */
function valuesOf(entries: readonly Entry[], key: string): string[] {
  const values = entries.filter(([k]) => k === key).map(([, value]) => value);
  return key.endsWith("-bin") ? values : [joined(values)];
}

function payload(size: number): { readonly body: string } {
  return { body: Buffer.alloc(size).toString("base64") };
}

function assertSizes({ messages }: Result, wanted: readonly number[]): void {
  const sizes = messages.map((message) => Buffer.from(message.payload?.body ?? "", "base64").length);
  assertEqual(sizes, wanted, "sizes");
}

await runCases(cases, names);
