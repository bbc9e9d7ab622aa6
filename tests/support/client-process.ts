/**
 * A client in its own process, which makes its calls and never closes its channel: `node client-process.js SOCKET
 * ENGINE`.
 */
import { type ChannelOptions, createChannel } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";

const [socket = "", engine] = process.argv.slice(2);
const channel = createChannel(socket, { engine: engine as ChannelOptions["engine"] });
const client = channel.client(EchoService);
await client.unary({ delayMs: 20 });
for await (const { index } of client.serverStream({ count: 3, delayMs: 20 })) {
  console.log(index);
}
