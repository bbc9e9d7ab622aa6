import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { BoolValue, EchoStatus, StreamingOutputCallRequest } from "../../gen/grpc/testing/messages_pb.js";
import type { TestService } from "../../gen/grpc/testing/test_pb.js";
import { initialKey, trailingKey } from "../typescript-peers.js";

/** gRPC's interop test service. Methods that it leaves out are answered with Unimplemented. */
export const testService: Partial<ServiceImpl<typeof TestService>> = {
  emptyCall: () => ({}),

  unaryCall(request, ctx) {
    echoMetadata(ctx);
    throwIfAsked(request.responseStatus);
    assertCompressed(request.expectCompressed, ctx);
    return { payload: { body: new Uint8Array(request.responseSize) } };
  },

  streamingOutputCall: outputs,

  async streamingInputCall(requests, ctx) {
    let size = 0;
    for await (const request of requests) {
      assertCompressed(request.expectCompressed, ctx);
      size += request.payload?.body.length ?? 0;
    }
    return { aggregatedPayloadSize: size };
  },

  async *fullDuplexCall(requests, ctx) {
    echoMetadata(ctx);
    for await (const request of requests) {
      throwIfAsked(request.responseStatus);
      yield* outputs(request);
    }
  },
};

async function* outputs(request: StreamingOutputCallRequest) {
  for (const { size, intervalUs } of request.responseParameters) {
    if (intervalUs > 0) {
      await delay(intervalUs / 1000);
    }
    yield { payload: { body: new Uint8Array(size) } };
  }
}

function echoMetadata(ctx: HandlerContext): void {
  copy(ctx.requestHeader, initialKey, ctx.responseHeader);
  copy(ctx.requestHeader, trailingKey, ctx.responseTrailer);
}

function copy(from: Headers, key: string, to: Headers): void {
  const value = from.get(key);
  if (value !== null) {
    to.set(key, value);
  }
}

function throwIfAsked(status: EchoStatus | undefined): void {
  if (status !== undefined && status.code !== 0) {
    throw new ConnectError(status.message, status.code as Code);
  }
}

/**
 * Checks that a message was compressed as its field expects. Connect does not tell a handler whether a message was
 * compressed, only whether the call may have compressed messages. So a message that should be compressed is refused if
 * the call has no compression, and one that should not be is always accepted.
 */
function assertCompressed(expected: BoolValue | undefined, ctx: HandlerContext): void {
  const encoding = ctx.requestHeader.get("grpc-encoding") ?? "identity";
  if (expected?.value === true && encoding === "identity") {
    throw new ConnectError("expected a compressed message", Code.InvalidArgument);
  }
}
