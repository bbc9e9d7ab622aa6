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
    .summary("list the servers on this machine")
    .description("List the sockets of modules, with the process, health and services of each server.")
    .argument("[dir]", "the folder to search (default: the folder of modules' sockets, VYRA_IPC_DIR or /tmp)")
    .option("--all", "list every socket in the folder, not only those named <module>_ipc.sock");
  addTrustFlag(command);
  addJsonFlag(command, "print each socket as one line of JSON");
  examples(command, [["ls"], ["ls /run/my_app --all"], [`ls --json | jq -r 'select(.state == "stale").path'`]]);
  return command;
}
