/** The other end of ours-server.ts: where the Unix socket would be dialled, the port is. */
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { programArguments } from "../../program/arguments.js";
import { portAt } from "./port.js";

const { connect } = net;
net.connect = (() =>
  connect({ host: "127.0.0.1", port: portAt(programArguments().address), noDelay: true })) as unknown as typeof connect;
syncBuiltinESMExports();

await import("../ours/client.js");
