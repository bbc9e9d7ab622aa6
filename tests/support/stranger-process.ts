/**
 * Another user of this machine: `node stranger-process.js ACTION PATH`, where ACTION is `call`, `"take over"`, `serve`
 * or `"serve under any umask"`. Root starts it. It becomes the user `nobody`, tries the action, and prints the outcome
 * on a line.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { createChannel, serve } from "@vyra/ipc";
import { EchoService } from "../gen/vyra/test/echo_pb.js";

const [what, path = ""] = process.argv.slice(2);
// All modules are loaded first, because the user `nobody` may not be allowed to read them.
await (await serve({ socket: `unix:${path}.${process.pid}`, routes: () => {} })).close();
process.setgroups?.([]);
process.setgid?.(65_534);
process.setuid?.(65_534);
console.log(await outcome().catch(String));

async function outcome(): Promise<string> {
  switch (what) {
    case "call": {
      const channel = createChannel(path, { trustedUsers: [0] });
      try {
        await channel.client(EchoService).unary({});
        return "succeeded";
      } catch (reason) {
        const { code, rawMessage } = ConnectError.from(reason);
        return `${Code[code]}: ${rawMessage}`;
      } finally {
        await channel.close();
      }
    }
    case "take over": {
      const socket = connect({ path });
      let answer = "";
      socket.on("data", (data) => {
        answer += data;
      });
      socket.on("error", () => {});
      socket.write("VYRA TAKEOVER/1\n");
      await once(socket, "close");
      return `answered ${JSON.stringify(answer)}`;
    }
    case "serve under any umask": {
      const addresses: string[] = [];
      for (const umask of [0o177, 0o777]) {
        process.umask(umask);
        process.env.VYRA_IPC_DIR = `${path}.${umask}`;
        await using server = await serve({ socket: "m", routes: () => {} });
        addresses.push(server.address);
      }
      return `served at ${addresses.length}`;
    }
    default: {
      await using server = await serve({ socket: path, routes: () => {} });
      return `serves at ${server.address}`;
    }
  }
}
