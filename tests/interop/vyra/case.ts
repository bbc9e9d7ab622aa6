import { Code, type Client as ConnectClient, ConnectError } from "@connectrpc/connect";
import type { TestService, UnimplementedService } from "../../gen/grpc/testing/test_pb.js";
import type { ProbeService } from "../../gen/grpc/testing/vyra/probe_pb.js";

/** The clients of the services on one channel. */
export interface ChannelClients {
  readonly test: ConnectClient<typeof TestService>;
  readonly probe: ConnectClient<typeof ProbeService>;
  readonly unimplemented: ConnectClient<typeof UnimplementedService>;
}

/**
 * The clients on a channel with default options, on one that sends and accepts gzip, and on one that only accepts it.
 */
export interface Clients extends ChannelClients {
  readonly compressing: ChannelClients;
  readonly accepting: ChannelClients;
}

/** A case. It throws if the server does not behave as expected. */
export type Case = (clients: Clients) => Promise<void>;

/** Returns the error that a call ends with. Throws if the call succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  let result: unknown;
  try {
    result = await call;
  } catch (error) {
    if (error instanceof ConnectError) {
      return error;
    }
    throw new Error(`not a ConnectError: ${String(error)}`);
  }
  throw new Error(`the call succeeded: ${JSON.stringify(result)}`);
}

export function assertCode(error: ConnectError, code: Code, message?: string): void {
  if (error.code !== code) {
    throw new Error(`got ${Code[error.code]} (${error.rawMessage}), want ${Code[code]}`);
  }
  if (message !== undefined && error.rawMessage !== message) {
    throw new Error(`got message ${JSON.stringify(error.rawMessage)}, want ${JSON.stringify(message)}`);
  }
}
