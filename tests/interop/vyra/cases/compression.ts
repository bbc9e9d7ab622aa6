import { Code } from "@connectrpc/connect";
import { assertEqual } from "../../typescript-peers.js";
import { assertCode, type Case, type Clients, failureOf } from "../case.js";
import { each, payload, sizesOf } from "./grpc.js";

/**
 * gRPC's cases of compression. The runner reads from the wire whether a message was compressed. In Connect the
 * transport, and not the call, decides what is compressed, so each case uses one of several channels. In a stream, all
 * messages that are large enough are compressed.
 */
export const compressionCases: Record<string, Case> = {
  async client_compressed_unary(clients) {
    assertCode(await failureOf(unary(clients, true)), Code.InvalidArgument);
    await compressedUnary(clients);
  },

  client_compressed_unary_noprobe: compressedUnary,

  async client_compressed_streaming(clients) {
    const call = clients.test.streamingInputCall(
      each([{ payload: payload(27182), expectCompressed: { value: true } }]),
    );
    assertCode(await failureOf(call), Code.InvalidArgument);
    await compressedStreaming(clients);
  },

  client_compressed_streaming_noprobe: compressedStreaming,

  async server_compressed_unary({ accepting }) {
    for (const value of [true, false]) {
      const request = { responseCompressed: { value }, responseSize: 314159, payload: payload(271828) };
      const response = await accepting.test.unaryCall(request);
      assertEqual(response.payload?.body.length, 314159, "size");
    }
  },

  async server_compressed_streaming({ accepting }) {
    const responses = accepting.test.streamingOutputCall({
      responseParameters: [
        { size: 31415, compressed: { value: true } },
        { size: 92653, compressed: { value: false } },
      ],
    });
    assertEqual(await sizesOf(responses), [31415, 92653], "sizes");
  },
};

async function compressedUnary({ compressing, test }: Clients): Promise<void> {
  assertEqual((await unary(compressing, true)).payload?.body.length, 314159, "size");
  assertEqual((await unary({ test }, false)).payload?.body.length, 314159, "size");
}

function unary({ test }: Pick<Clients, "test">, value: boolean) {
  return test.unaryCall({ expectCompressed: { value }, responseSize: 314159, payload: payload(271828) });
}

/** The second message should be uncompressed, so its field expects nothing here. */
async function compressedStreaming({ compressing }: Clients): Promise<void> {
  const { aggregatedPayloadSize } = await compressing.test.streamingInputCall(
    each([{ payload: payload(27182), expectCompressed: { value: true } }, { payload: payload(45904) }]),
  );
  assertEqual(aggregatedPayloadSize, 73086, "size");
}
