import { dirname, resolve } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { resolveSocket } from "@vyra/ipc";
import { findSockets } from "../../server/find-sockets.js";
import { fit, type Paint, paintFor } from "../../terminal/colors.js";
import { print, printJson } from "../../terminal/output.js";
import { printable } from "../../terminal/printable.js";
import { table } from "../../terminal/table.js";
import type { LsFlags } from "./flags.js";
import { inspectSocket, type SocketInfo } from "./inspect.js";

export async function run(dir: string | undefined, flags: LsFlags): Promise<void> {
  const home = dirname(resolveSocket("any").path);
  const folder = dir === undefined ? home : resolve(dir);
  const found = findSockets(folder);
  const shown = flags.all ? found : found.filter(({ module }) => module !== undefined);
  const infos = await Promise.all(shown.map((file) => inspectSocket(file, flags)));
  if (flags.json) {
    for (const info of infos) {
      printJson(socketJson(info));
    }
    return;
  }
  if (infos.length > 0) {
    const paint = paintFor(process.stdout);
    const rows = infos.map((info) => row(info, folder === home, paint));
    for (const line of table([headings.map((name) => paint.bold(name)), ...rows])) {
      print(fit(line));
    }
  } else {
    print(`no modules' sockets in ${folder}`);
  }
  const others = found.length - shown.length;
  if (others > 0) {
    print(`${others} other ${others === 1 ? "socket" : "sockets"}: see --all`);
  }
}

const headings = ["SOCKET", "STATE", "HEALTH", "USER", "PID", "SERVICES", "COMMAND"];

/** In the folder where modules live, a module is shown by its name, which is enough to reach it. */
function row({ path, module, state, user, pid, command, health, services }: SocketInfo, isHome: boolean, paint: Paint) {
  return [
    printable(isHome ? (module ?? path) : path),
    state === "alive" ? paint.green(state) : state === "stale" ? paint.red(state) : paint.yellow(state),
    health === "SERVING" ? paint.green(health) : health === undefined ? "-" : paint.red(health),
    user,
    String(pid ?? "-"),
    services === undefined || services.length === 0 ? "-" : printable(services.join(",")),
    command === undefined ? "-" : printable(command),
  ];
}

function socketJson({ services, ...info }: SocketInfo): JsonObject {
  const defined = Object.entries(info).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(defined), ...(services && { services: [...services] }) } as JsonObject;
}
