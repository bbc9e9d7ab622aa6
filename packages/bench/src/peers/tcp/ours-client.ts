/** The client for ours-server.ts: it dials the TCP port in place of the Unix socket. */
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { programArguments } from "../../program/arguments.js";
import { clientProgram } from "../../program/client-program.js";
import { nobody, portAt } from "./port.js";

const { connect } = net;
net.connect = (() =>
  connect({ host: "127.0.0.1", port: portAt(programArguments().address), noDelay: true })) as unknown as typeof connect;
syncBuiltinESMExports();

const { connectOurs } = await import("../ours/connect.js");

await clientProgram((address, job) => connectOurs(address, job, { engine: "direct", trustedUsers: [nobody] }));
