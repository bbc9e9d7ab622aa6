import { type Command, Option } from "commander";
import { formatDuration, parseDuration, parseSpan } from "../../grammar/duration.js";
import {
  addDescriptorFlags,
  addHeaderFlag,
  addJsonFlag,
  addTimeoutFlag,
  addTrustFlag,
  type ConnectionFlags,
  type DescriptorFlags,
} from "../../grammar/flags.js";
import { examples, socketHelp } from "../../grammar/help.js";
import { parseCount } from "../../grammar/numbers.js";

export interface BenchFlags extends ConnectionFlags, DescriptorFlags {
  readonly concurrency: number;
  readonly connections: number;
  readonly duration: number;
  readonly warmup?: number;
  readonly header?: string[];
  readonly timeout?: number;
  readonly html?: string;
  readonly json?: boolean;
}

const defaultDurationMs = 10_000;
const mostAtATime = 100_000;

export function addBench(program: Command): Command {
  const command = program
    .command("bench")
    .summary("load a server, and measure")
    .description(
      "Call a method again and again, so many calls at a time, and show how many went through and how long they took. Any gRPC server on a Unix socket will do.",
    )
    .argument("<socket>", socketHelp)
    .argument("<method>", "its full name, package.Service/Method, or as much of its end as is enough")
    .argument("[request]", "JSON, @file, or - for standard input; for a stream, the requests of each call")
    .option("-c, --concurrency <n>", "calls at a time", parseCount(mostAtATime), 64)
    .addOption(
      new Option("-d, --duration <time>", "how long to measure")
        .argParser(parseSpan)
        .default(defaultDurationMs, formatDuration(defaultDurationMs)),
    )
    .option("--connections <n>", "connections to share them among", parseCount(mostAtATime), 1)
    .option("--warmup <time>", "how long to call before that (default: a tenth of it, at most 1s)", parseDuration);
  addHeaderFlag(command);
  addTimeoutFlag(command, "how long each call may take", "5s");
  command.option("--html <file>", "write a report with charts, too");
  addDescriptorFlags(command);
  addTrustFlag(command);
  addJsonFlag(command, "the result in JSON");
  examples(command, [
    [`bench my_module ProcessData '{"data": "some text"}' -c 64 -d 10s`],
    ["bench my_module GetStatus -c 1 --html report.html", "one call at a time: latency without load"],
    [`bench /run/other.sock Echo '{}' --proto echo.proto --json | jq .latencyMs.p99`],
  ]);
  return command;
}
