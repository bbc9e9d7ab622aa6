import type { Command } from "commander";
import { addJsonFlag, addTimeoutFlag, addTrustFlag, type ConnectionFlags } from "../../grammar/flags.js";
import { examples, socketHelp } from "../../grammar/help.js";

export interface WaitFlags extends ConnectionFlags {
  readonly timeout?: number;
  readonly service?: string;
  readonly json?: boolean;
}

export function addWait(program: Command): Command {
  const command = program
    .command("wait")
    .summary("wait until servers are ready, in start scripts")
    .description(
      "Wait until every server answers and, if it has a health service, reports that it serves. " +
        "The exit code is 4 if the time runs out.",
    )
    .argument("<socket...>", socketHelp);
  addTimeoutFlag(command, "how long to wait in total", "10s");
  command.option("--service <name>", "wait for the health of this service instead of the server's");
  addTrustFlag(command);
  addJsonFlag(command, "print each server as one line of JSON");
  examples(command, [
    ["wait my_module --timeout 10s && npm run frontend"],
    ["wait backend database --timeout 1m", "waits for both"],
  ]);
  return command;
}
