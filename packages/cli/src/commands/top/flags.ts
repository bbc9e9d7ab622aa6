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
    .summary("watch the activity of servers")
    .description(
      "Show calls per second, latency and errors by method, live, for servers that count their calls " +
        "(vyra.ipc.StatsService). Press q to quit.",
    )
    .argument("<socket...>", socketHelp)
    .addOption(
      new Option("-i, --interval <time>", "how often to sample the counts")
        .argParser(parseSpan)
        .default(defaultIntervalMs, formatDuration(defaultIntervalMs)),
    )
    .option("-n, --count <n>", "end after this many samples", parseCount(1e9));
  command.option("--all", "also show health, reflection and the stats service itself");
  addTrustFlag(command);
  addJsonFlag(command, "print each sample of a server as one line of JSON");
  examples(command, [
    ["top my_module"],
    ["top backend worker --interval 500ms"],
    ["top my_module --count 1 --json", "the activity within one second"],
  ]);
  return command;
}
