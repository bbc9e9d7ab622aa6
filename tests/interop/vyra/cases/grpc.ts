import type { MessageInitShape } from "@bufbuild/protobuf";
import { type CallOptions, Code } from "@connectrpc/connect";
import { createWritableIterable } from "@connectrpc/connect/protocol";
import type {
  StreamingInputCallRequestSchema,
  StreamingOutputCallRequestSchema,
} from "../../../gen/grpc/testing/messages_pb.js";
import {
  assertEqual,
  initialKey,
  requestSizes,
  responseSizes,
  specialMessage,
  trailingKey,
} from "../../typescript-peers.js";
import { assertCode, type Case, failureOf } from "../case.js";
import { entriesOf, headersOf, valuesOf } from "../metadata.js";

type InputRequest = MessageInitShape<typeof StreamingInputCallRequestSchema>;
type OutputRequest = MessageInitShape<typeof StreamingOutputCallRequestSchema>;

/**
 * gRPC's own cases except those of compression:
 * https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
 */
export const grpcCases: Record<string, Case> = {
  async empty_unary({ test }) {
    await test.emptyCall({});
  },

  async large_unary({ test }) {
    const response = await test.unaryCall({ responseSize: 314159, payload: payload(271828) });
    assertEqual(response.payload?.body.length, 314159, "size");
  },

  async client_streaming({ test }) {
    const requests = requestSizes.map((size): InputRequest => ({ payload: payload(size) }));
    const { aggregatedPayloadSize } = await test.streamingInputCall(each(requests));
    assertEqual(aggregatedPayloadSize, 74922, "size");
  },

  async server_streaming({ test }) {
    const responses = test.streamingOutputCall({ responseParameters: responseSizes.map((size) => ({ size })) });
    assertEqual(await sizesOf(responses), responseSizes, "sizes");
  },

  async ping_pong({ test }) {
    const requests = createWritableIterable<OutputRequest>();
    const responses = test.fullDuplexCall(requests)[Symbol.asyncIterator]();
    for (const [i, size] of responseSizes.entries()) {
      const [{ value }] = await Promise.all([responses.next(), requests.write(ping(i))]);
      assertEqual(value?.payload?.body.length, size, "size");
    }
    requests.close();
    assertEqual((await responses.next()).done, true, "end after half-close");
  },

  async empty_stream({ test }) {
    assertEqual(await sizesOf(test.fullDuplexCall(each([]))), [], "sizes");
  },

  async custom_metadata({ test }) {
    for (const call of [unaryWithMetadata, duplexWithMetadata]) {
      let header = new Headers();
      let trailer = new Headers();
      await call({
        headers: headersOf([
          [initialKey, Buffer.from("test_initial_metadata_value")],
          [trailingKey, Buffer.from("0a0b0a0b0a0b", "hex")],
        ]),
        onHeader: (value) => (header = value),
        onTrailer: (value) => (trailer = value),
      });
      assertEqual(header.get(initialKey), "test_initial_metadata_value", "header");
      assertEqual(valuesOf(entriesOf(trailer), trailingKey), ["0a0b0a0b0a0b"], "trailer");
    }

    function unaryWithMetadata(options: CallOptions) {
      return test.unaryCall({ responseSize: 1, payload: payload(1) }, options);
    }
    function duplexWithMetadata(options: CallOptions) {
      const request: OutputRequest = { responseParameters: [{ size: 1 }], payload: payload(1) };
      return sizesOf(test.fullDuplexCall(each([request]), options));
    }
  },

  async status_code_and_message({ test }) {
    const responseStatus = { code: Code.Unknown, message: "test status message" };
    assertCode(await failureOf(test.unaryCall({ responseStatus })), Code.Unknown, responseStatus.message);
    const stream = test.fullDuplexCall(each<OutputRequest>([{ responseStatus }]));
    assertCode(await failureOf(sizesOf(stream)), Code.Unknown, responseStatus.message);
  },

  async special_status_message({ test }) {
    const call = test.unaryCall({ responseStatus: { code: Code.Unknown, message: specialMessage } });
    assertCode(await failureOf(call), Code.Unknown, specialMessage);
  },

  async unimplemented_method({ test }) {
    assertCode(await failureOf(test.unimplementedCall({})), Code.Unimplemented);
  },

  async unimplemented_service({ unimplemented }) {
    assertCode(await failureOf(unimplemented.unimplementedCall({})), Code.Unimplemented);
  },

  async cancel_after_begin({ test }) {
    const abort = new AbortController();
    const requests = createWritableIterable<InputRequest>();
    const call = test.streamingInputCall(requests, { signal: abort.signal });
    setImmediate(() => abort.abort());
    assertCode(await failureOf(call), Code.Canceled);
    requests.close();
  },

  async cancel_after_first_response({ test }) {
    const abort = new AbortController();
    const requests = createWritableIterable<OutputRequest>();
    const responses = test.fullDuplexCall(requests, { signal: abort.signal })[Symbol.asyncIterator]();
    requests.write(ping(0)).catch(() => {});
    await responses.next();
    abort.abort();
    assertCode(await failureOf(responses.next()), Code.Canceled);
    requests.close();
  },

  async timeout_on_sleeping_server({ test }) {
    const requests = createWritableIterable<OutputRequest>();
    const responses = test.fullDuplexCall(requests, { timeoutMs: 1 });
    requests.write({ payload: payload(27182) }).catch(() => {});
    assertCode(await failureOf(sizesOf(responses)), Code.DeadlineExceeded);
    requests.close();
  },
};

export function payload(size: number) {
  return { body: new Uint8Array(size) };
}

export async function* each<T>(values: Iterable<T>): AsyncIterable<T> {
  yield* values;
}

/** Returns the sizes of all responses of a stream. */
export async function sizesOf(
  responses: AsyncIterable<{ readonly payload?: { readonly body: Uint8Array } | undefined }>,
): Promise<(number | undefined)[]> {
  const sizes = [];
  for await (const { payload } of responses) {
    sizes.push(payload?.body.length);
  }
  return sizes;
}

function ping(index: number): OutputRequest {
  return { responseParameters: [{ size: responseSizes[index]! }], payload: payload(requestSizes[index]!) };
}
