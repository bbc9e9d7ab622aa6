import type { Command } from "commander";
import { addJsonFlag, addTimeoutFlag, addTrustFlag, type ConnectionFlags } from "../../grammar/flags.js";
import { examples, socketHelp } from "../../grammar/help.js";

export interface HealthFlags extends ConnectionFlags {
  readonly watch?: boolean;
  readonly timeout?: number;
  readonly json?: boolean;
}

export function addHealth(program: Command): Command {
  const command = program
    .command("health")
    .summary("ask whether a server serves")
    .description(
      "Ask a server for its health, by grpc.health.v1. Ends with 0 if it serves, and with 5 if it says that it does not.",
    )
    .argument("<socket>", socketHelp)
    .argument("[service]", "a service's full name; the server as a whole without")
    .option("--watch", "show it now and whenever it changes, until Ctrl-C");
  addTimeoutFlag(command, "how long the answer may take", "5s");
  addTrustFlag(command);
  addJsonFlag(command, "a line of JSON a status");
  examples(command, [["health my_module"], ["health my_module vyra.ipc.BackendService"], ["health my_module --watch"]]);
  return command;
}
