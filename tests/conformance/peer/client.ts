/**
 * `client.js <engine> [intercepted]`: the client under test. It reads the calls that the runner wants from standard
 * input, makes each over a Unix socket and a relay, and writes the outcome to standard output. It ends when its input
 * ends.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { createIpcTransport, type IpcTransport, type IpcTransportOptions } from "@vyra/ipc";
import { makeCall } from "./call.js";
import { readMessages, writeMessage } from "./delimited.js";
import {
  type ClientCompatRequest,
  ClientCompatRequestSchema,
  type ClientCompatResponse,
  ClientCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/client_compat_pb.js";
import { Codec, Compression, Protocol } from "./gen/connectrpc/conformance/v1/config_pb.js";
import { ConformanceService } from "./gen/connectrpc/conformance/v1/service_pb.js";
import { registry } from "./messages.js";
import { passOn } from "./pass-on.js";
import { type Relay, relay } from "./relay.js";

const [engine, intercepted] = process.argv.slice(2);

/** The number of calls at once. Most of the time they wait. */
const concurrency = 8;

const folder = mkdtempSync(join(tmpdir(), "vyra-conformance-"));
const relays = new Map<string, Promise<Relay>>();
const transports = new Map<string, Promise<IpcTransport>>();

const requests = readMessages(process.stdin, ClientCompatRequestSchema);
await Promise.all(Array.from({ length: concurrency }, work));

for (const transport of transports.values()) {
  await (await transport).close();
}
for (const oneRelay of relays.values()) {
  (await oneRelay).close();
}
rmSync(folder, { recursive: true });

async function work(): Promise<void> {
  for await (const request of requests) {
    const response = create(ClientCompatResponseSchema, { testName: request.testName });
    response.result = await resultOf(request);
    writeMessage(ClientCompatResponseSchema, response);
  }
}

async function resultOf(request: ClientCompatRequest): Promise<ClientCompatResponse["result"]> {
  try {
    const client = createClient(ConformanceService, await transportFor(request));
    return { case: "response", value: await makeCall(client, request) };
  } catch (error) {
    return {
      case: "error",
      value: { $typeName: "connectrpc.conformance.v1.ClientErrorResult", message: String(error) },
    };
  }
}

/** Returns the transport for a call. Calls that need the same options share a transport, and so its connection. */
function transportFor(request: ClientCompatRequest): Promise<IpcTransport> {
  const { host, port, protocol, codec, compression, messageReceiveLimit } = request;
  if (protocol !== Protocol.GRPC || request.serverTlsCert.length > 0) {
    throw new Error("a client of gRPC in clear text is all there is");
  }
  const key = [host, port, codec, compression, messageReceiveLimit].join();
  return once(transports, key, async () => {
    const socket = join(folder, `${port}.sock`);
    await once(relays, socket, () => relay({ path: socket }, { host, port }));
    return createIpcTransport({
      socket,
      engine: engine as IpcTransportOptions["engine"],
      useBinaryFormat: codec === Codec.PROTO,
      jsonOptions: { registry },
      interceptors: intercepted === undefined ? [] : [passOn],
      acceptCompression: [compressionGzip],
      ...(compression === Compression.GZIP && { sendCompression: compressionGzip, compressMinBytes: 0 }),
      ...(messageReceiveLimit > 0 && { readMaxBytes: messageReceiveLimit }),
    });
  });
}

function once<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const value = cache.get(key) ?? make();
  cache.set(key, value);
  return value;
}
