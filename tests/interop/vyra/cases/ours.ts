import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { createWritableIterable } from "@connectrpc/connect/protocol";
import { ErrorReasonSchema, type Observation } from "../../../gen/grpc/testing/vyra/probe_pb.js";
import { ask, assertEqual, fourMB } from "../../typescript-peers.js";
import { assertCode, type Case, type ChannelClients, failureOf } from "../case.js";
import { type Entry, entriesOf, headersOf, valuesOf } from "../metadata.js";
import { each, payload, sizesOf } from "./grpc.js";

/** Metadata with repeated keys, binary values and an empty value. */
const sent: Entry[] = [
  ["x-head-text", Buffer.from("one")],
  ["x-head-text", Buffer.from("two")],
  ["x-head-comma", Buffer.from("a, b")],
  ["x-head-empty", Buffer.from("")],
  ["x-head-bytes-bin", Uint8Array.from({ length: 256 }, (_, i) => i)],
  ["x-head-bytes-bin", Uint8Array.of(0, 255)],
  ["x-tail-text", Buffer.from("three")],
  ["x-tail-text", Buffer.from("four")],
  ["x-tail-bytes-bin", Uint8Array.of(0)],
  ["x-tail-bytes-bin", Uint8Array.of(1, 2)],
];

const failRequest = {
  code: Code.FailedPrecondition,
  message: "not yet: ☺",
  detail: { reason: "NOT_READY", domain: "vyra.ipc", metadata: { module: "camera" } },
};

const refusal = { responseStatus: { code: Code.Aborted, message: "enough" } };

/** The cases of what this project promises beyond gRPC's own cases. */
export const ourCases: Record<string, Case> = {
  async four_mb_unary({ test }) {
    const response = await test.unaryCall({ responseSize: fourMB, payload: payload(fourMB) }, { timeoutMs: 10_000 });
    assertEqual(response.payload?.body.length, fourMB, "size");
  },

  async four_mb_stream({ test }) {
    const one = { responseParameters: [{ size: fourMB }], payload: payload(fourMB) };
    const responses = test.fullDuplexCall(each([one, one, one, one]), { timeoutMs: 20_000 });
    assertEqual(await sizesOf(responses), [fourMB, fourMB, fourMB, fourMB], "sizes");
  },

  async concurrent_calls({ test }) {
    const sizes = Array.from({ length: 200 }, (_, i) => 10 * i);
    const responses = await Promise.all(sizes.map((responseSize) => test.unaryCall({ responseSize })));
    assertEqual(
      responses.map((response) => response.payload?.body.length),
      sizes,
      "sizes",
    );
  },

  async metadata_unary({ probe }) {
    const echoed = echo();
    assertObserved(await probe.observe({}, echoed.options));
    echoed.assert();
  },

  async metadata_stream({ probe }) {
    const echoed = echo();
    let count = 0;
    for await (const observation of probe.observeStream(each([{}, {}]), echoed.options)) {
      assertObserved(observation);
      count++;
    }
    assertEqual(count, 2, "responses");
    echoed.assert();
  },

  async metadata_on_error({ probe }) {
    const error = await failureOf(probe.fail(failRequest, { headers: headersOf(sent) }));
    assertCode(error, Code.FailedPrecondition);
    // Connect returns the headers and trailers of an error together.
    assertMetadata(entriesOf(error.metadata), "x-", "the error's metadata");
  },

  async error_details({ probe }) {
    assertDetail(await failureOf(probe.fail(failRequest)));
  },

  async error_details_stream({ probe }) {
    let count = 0;
    const reading = (async () => {
      for await (const _ of probe.failStream({ ...failRequest, after: 3 })) {
        count++;
      }
    })();
    assertDetail(await failureOf(reading));
    assertEqual(count, 3, "responses before the error");
  },

  async status_before_half_close({ test }) {
    const requests = createWritableIterable<typeof refusal>();
    const call = failureOf(sizesOf(test.fullDuplexCall(requests)));
    requests.write(refusal).catch(() => {});
    assertCode(await call, Code.Aborted, "enough");
    requests.close();
  },

  async status_during_upload({ test }) {
    const more = Array.from({ length: 8 }, () => ({ payload: payload(1_000_000) }));
    const call = test.fullDuplexCall(each([refusal, ...more]), { timeoutMs: 5_000 });
    assertCode(await failureOf(sizesOf(call)), Code.Aborted, "enough");
  },

  async cancel_seen_unary(clients) {
    const key = randomUUID();
    const abort = new AbortController();
    const call = failureOf(clients.probe.hang({ key }, { signal: abort.signal }));
    await delay(200);
    abort.abort();
    assertCode(await call, Code.Canceled);
    await assertEnded(clients, key);
  },

  async cancel_seen_stream(clients) {
    const key = randomUUID();
    const abort = new AbortController();
    const requests = createWritableIterable<{ key: string }>();
    const responses = clients.probe.hangStream(requests, { signal: abort.signal })[Symbol.asyncIterator]();
    requests.write({ key }).catch(() => {});
    await responses.next();
    abort.abort();
    assertCode(await failureOf(responses.next()), Code.Canceled);
    await assertEnded(clients, key);
    requests.close();
  },

  async deadline_of_client(clients) {
    const key = randomUUID();
    const startedAt = performance.now();
    assertCode(await failureOf(clients.probe.hang({ key }, { timeoutMs: 300 })), Code.DeadlineExceeded);
    const tookMs = performance.now() - startedAt;
    assertEqual(tookMs >= 250 && tookMs <= 2_000, true, `${Math.round(tookMs)} ms is about 300`);
    await assertEnded(clients, key);
  },

  async deadline_on_wire({ probe }) {
    const { timeoutMs } = await probe.observe({}, { timeoutMs: 5_000 });
    const isRight = timeoutMs !== undefined && timeoutMs > 3_000n && timeoutMs <= 5_000n;
    assertEqual(isRight, true, `the server saw ${timeoutMs} ms, which is somewhat less than 5000`);
  },

  async server_gone_and_back({ test }) {
    await test.emptyCall({});
    await ask("stop");
    assertCode(await failureOf(test.emptyCall({})), Code.Unavailable);
    await ask("start");
    const giveUpAt = Date.now() + 10_000;
    for (;;) {
      try {
        await test.emptyCall({});
        return;
      } catch (error) {
        assertCode(ConnectError.from(error), Code.Unavailable);
        assertEqual(Date.now() < giveUpAt, true, "a call succeeded within 10 s of the server's return");
        await delay(50);
      }
    }
  },
};

/** Returns call options that send metadata, and a check that it came back. */
function echo() {
  let header = new Headers();
  let trailer = new Headers();
  return {
    options: {
      headers: headersOf(sent),
      onHeader: (value: Headers) => {
        header = value;
      },
      onTrailer: (value: Headers) => {
        trailer = value;
      },
    },
    assert() {
      assertMetadata(entriesOf(header), "x-head-", "headers");
      assertMetadata(entriesOf(trailer), "x-tail-", "trailers");
    },
  };
}

function assertObserved({ metadata }: Observation): void {
  const entries = metadata.map(({ key, value }): Entry => [key, value]);
  assertMetadata(entries, "x-", "what the server saw");
}

/** Checks the keys of `sent` that start with the prefix. */
function assertMetadata(entries: readonly Entry[], prefix: string, where: string): void {
  for (const [key] of sent) {
    if (key.startsWith(prefix)) {
      assertEqual(valuesOf(entries, key), valuesOf(sent, key), `${key} in ${where}`);
    }
  }
}

function assertDetail(error: ConnectError): void {
  assertCode(error, failRequest.code, failRequest.message);
  const details = error.findDetails(ErrorReasonSchema);
  assertEqual(details.length, 1, "number of details");
  const { reason, domain, metadata } = details[0]!;
  assertEqual({ reason, domain, metadata }, failRequest.detail, "detail");
}

async function assertEnded({ probe }: ChannelClients, key: string): Promise<void> {
  assertEqual((await probe.ended({ key })).ended, true, "the handler saw the end of the call");
}
