/**
 * `client.js <engine> <address> <case>...`: the cases, implemented with @vyra/ipc. Prints "PASS <case>" or "FAIL <case>
 * <reason>" for each.
 */
import { compressionGzip } from "@connectrpc/connect-node";
import { type Channel, type ChannelOptions, createChannel } from "@vyra/ipc";
import { TestService, UnimplementedService } from "../../gen/grpc/testing/test_pb.js";
import { ProbeService } from "../../gen/grpc/testing/vyra/probe_pb.js";
import { runCases } from "../typescript-peers.js";
import type { Case, Clients } from "./case.js";
import { compressionCases } from "./cases/compression.js";
import { grpcCases } from "./cases/grpc.js";
import { ourCases } from "./cases/ours.js";

const [engine, address = "", ...names] = process.argv.slice(2);

const cases: Record<string, Case> = { ...grpcCases, ...compressionCases, ...ourCases };
const plain = open({});
const compressing = open({ sendCompression: compressionGzip, acceptCompression: [compressionGzip] });
const accepting = open({ acceptCompression: [compressionGzip] });
const clients: Clients = { ...clientsOf(plain), compressing: clientsOf(compressing), accepting: clientsOf(accepting) };

await runCases(Object.fromEntries(Object.entries(cases).map(([name, run]) => [name, () => run(clients)])), names);
await Promise.all([plain.close(), compressing.close(), accepting.close()]);

function open(options: ChannelOptions): Channel {
  return createChannel(address, { ...options, engine: engine as ChannelOptions["engine"] });
}

function clientsOf(channel: Channel) {
  return {
    test: channel.client(TestService),
    probe: channel.client(ProbeService),
    unimplemented: channel.client(UnimplementedService),
  };
}
