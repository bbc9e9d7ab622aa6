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
import { examples, methodHelp, socketHelp } from "../../grammar/help.js";
import { parseCount } from "../../grammar/numbers.js";

export interface BenchFlags extends ConnectionFlags, DescriptorFlags {
  readonly concurrency?: number;
  readonly rate?: number;
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
const mostPerSecond = 1_000_000;

export function addBench(program: Command): Command {
  const command = program
    .command("bench")
    .summary("measure a server under load")
    .description(
      "Call a method repeatedly, with a fixed number of calls open at a time or at a fixed rate, and show throughput " +
        "and latency. The server may be any gRPC server on a Unix socket.",
    )
    .argument("<socket>", socketHelp)
    .argument("<method>", methodHelp)
    .argument("[request]", "JSON, @file, or - for standard input; for a stream, the requests of each call")
    .option(
      "-c, --concurrency <n>",
      "how many calls are open at a time; with --rate, the most that are (default: 64, or 1000 with --rate)",
      parseCount(mostAtATime),
    )
    .option(
      "-r, --rate <n>",
      "start this many calls per second, whatever the earlier ones do; latencies count from when a call is due",
      parseCount(mostPerSecond),
    )
    .addOption(
      new Option("-d, --duration <time>", "how long to measure")
        .argParser(parseSpan)
        .default(defaultDurationMs, formatDuration(defaultDurationMs)),
    )
    .option("--connections <n>", "how many connections share the calls", parseCount(mostAtATime), 1)
    .option(
      "--warmup <time>",
      "how long to call before measuring (default: a tenth of --duration, at most 1s)",
      parseDuration,
    );
  addHeaderFlag(command);
  addTimeoutFlag(command, "how long each call may take", "5s");
  command.option("--html <file>", "also write a report with charts");
  addDescriptorFlags(command);
  addTrustFlag(command);
  addJsonFlag(command, "print the result as JSON");
  examples(command, [
    [`bench my_module ProcessData '{"data": "some text"}' -c 64 -d 10s`],
    ["bench my_module GetStatus --rate 5000", "as users call: nobody waits for somebody else's call"],
    ["bench my_module GetStatus -c 1 --html report.html", "one call at a time shows latency without load"],
    [`bench /run/other.sock Echo '{}' --proto echo.proto --json | jq .latencyMs.p99`],
  ]);
  return command;
}
