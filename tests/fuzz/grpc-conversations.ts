import net from "node:net";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { createChannel, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";
import { callNumber, channelOptions, compressing, echo, patientMs, serverOptions } from "./grpc-calls.js";
import { Recorder, type Recording } from "./recording.js";

const conversations = [
  { name: "one call of each kind", options: channelOptions, calls: 7, atOnce: false },
  { name: "calls of all kinds at once", options: channelOptions, calls: 14, atOnce: true },
  { name: "compressed calls", options: compressing, calls: 7, atOnce: false },
  { name: "calls by node:http2", options: { ...channelOptions, engine: "node" as const }, calls: 7, atOnce: true },
];

/** Requests that a server of ours passes to Connect's own handlers. */
const bridged = [
  ["Connect", createConnectTransport],
  ["gRPC-Web", createGrpcWebTransport],
] as const;

/** Records what channels and servers of ours send to each other. Sockets are created in the folder. */
export async function recordCalls(folder: string): Promise<{ fromClients: Recording[]; fromServers: Recording[] }> {
  const fromClients: Recording[] = [];
  const fromServers: Recording[] = [];
  const path = join(folder, "echo.sock");
  await using _server = await serve({
    ...serverOptions,
    socket: path,
    routes: (router) => router.service(EchoService, echo),
  });
  for (const [i, { name, options, calls, atOnce }] of conversations.entries()) {
    const tap = await tapped(join(folder, `tap-${i}.sock`), path);
    const channel = createChannel(tap.path, options);
    const client = channel.client(EchoService);
    const outcomes: Promise<unknown>[] = [];
    for (let n = 0; n < calls; n++) {
      outcomes.push(callNumber(n, client, patientMs));
      if (!atOnce) await Promise.allSettled(outcomes);
    }
    await Promise.allSettled(outcomes);
    // The recording is taken before either side closes its connection.
    fromClients.push(tap.clientSays.recording(name, calls));
    fromServers.push(tap.serverSays.recording(name, calls));
    await channel.close();
    tap.close();
  }
  for (const [name, createTransport] of bridged) {
    const tap = await tapped(join(folder, `${name}.sock`), path);
    const manager = new Http2SessionManager("http://localhost", {}, { createConnection: () => net.connect(tap.path) });
    const transport = createTransport({ baseUrl: "http://localhost", httpVersion: "2", sessionManager: manager });
    const client = createClient(EchoService, transport);
    for (let n = 0; n < 7; n++) await Promise.allSettled([callNumber(n, client, patientMs)]);
    fromClients.push(tap.clientSays.recording(name, 7));
    manager.abort();
    tap.close();
  }
  return { fromClients, fromServers };
}

/** A relay to the target that records its first connection. */
async function tapped(path: string, target: string) {
  const [clientSays, serverSays] = [new Recorder(), new Recorder()];
  const listener = net.createServer((outer) => {
    const inner = net.connect(target);
    outer.on("data", (bytes) => clientSays.add(bytes)).pipe(inner);
    inner.on("data", (bytes) => serverSays.add(bytes)).pipe(outer);
    for (const socket of [outer, inner]) socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  return { path, clientSays, serverSays, close: () => listener.close() };
}
