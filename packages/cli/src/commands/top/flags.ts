import { type Command, Option } from "commander";
import { formatDuration, parseSpan } from "../../grammar/duration.js";
import { addJsonFlag, addTrustFlag, type ConnectionFlags } from "../../grammar/flags.js";
import { examples, socketHelp } from "../../grammar/help.js";
import { parseCount } from "../../grammar/numbers.js";

export interface TopFlags extends ConnectionFlags {
  readonly interval: number;
  readonly count?: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

const defaultIntervalMs = 1_000;

export function addTop(program: Command): Command {
  const command = program
    .command("top")
    .summary("watch what servers do")
    .description(
      "Show calls per second, latency and errors by method, live, of servers that count their calls (vyra.ipc.StatsService). q ends it.",
    )
    .argument("<socket...>", socketHelp)
    .addOption(
      new Option("-i, --interval <time>", "how often to look")
        .argParser(parseSpan)
        .default(defaultIntervalMs, formatDuration(defaultIntervalMs)),
    )
    .option("-n, --count <n>", "look so many times, then end", parseCount(1e9));
  command.option("--all", "health, reflection and this service, too");
  addTrustFlag(command);
  addJsonFlag(command, "a line of JSON a server, each time");
  examples(command, [
    ["top my_module"],
    ["top backend worker --interval 500ms"],
    ["top my_module --count 1 --json", "what happened within a second"],
  ]);
  return command;
}
