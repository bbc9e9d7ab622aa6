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
    .summary("wait until servers serve, for start scripts")
    .description(
      "Wait until every server is there and, where it has a health service, says that it serves. Ends with 4 if that takes too long.",
    )
    .argument("<socket...>", socketHelp);
  addTimeoutFlag(command, "how long to wait in all", "10s");
  command.option("--service <name>", "wait for this service's health instead of the server's");
  addTrustFlag(command);
  addJsonFlag(command, "a line of JSON a server");
  examples(command, [
    ["wait my_module --timeout 10s && npm run frontend"],
    ["wait backend database --timeout 1m", "both"],
  ]);
  return command;
}
