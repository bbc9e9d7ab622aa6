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
    .summary("show whether a server serves")
    .description(
      "Ask a server for its health with grpc.health.v1. " +
        "The exit code is 0 if it serves, and 5 if it reports that it does not.",
    )
    .argument("<socket>", socketHelp)
    .argument("[service]", "a service's full name (default: the server as a whole)")
    .option("--watch", "show the health now and whenever it changes, until Ctrl-C");
  addTimeoutFlag(command, "how long the response may take", "5s");
  addTrustFlag(command);
  addJsonFlag(command, "print each status as one line of JSON");
  examples(command, [["health my_module"], ["health my_module vyra.ipc.BackendService"], ["health my_module --watch"]]);
  return command;
}
