import type { Command } from "commander";
import { addJsonFlag, addTrustFlag, type ConnectionFlags } from "../../grammar/flags.js";
import { examples } from "../../grammar/help.js";

export interface LsFlags extends ConnectionFlags {
  readonly all?: boolean;
  readonly json?: boolean;
}

export function addLs(program: Command): Command {
  const command = program
    .command("ls")
    .summary("list the servers of this machine")
    .description("List modules' sockets: who serves there, whether it is healthy, and what it offers.")
    .argument("[dir]", "the folder to look in (default: where modules' sockets live, VYRA_IPC_DIR or /tmp)")
    .option("--all", "every socket in the folder, not only those called <module>_ipc.sock");
  addTrustFlag(command);
  addJsonFlag(command, "a line of JSON a socket");
  examples(command, [["ls"], ["ls /run/my_app --all"], [`ls --json | jq -r 'select(.state == "stale").path'`]]);
  return command;
}
