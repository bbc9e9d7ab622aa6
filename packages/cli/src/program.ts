import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addBench } from "./commands/bench/flags.js";
import { addCall } from "./commands/call/flags.js";
import { addComplete } from "./commands/complete/flags.js";
import { addCompletion } from "./commands/completion/flags.js";
import { addDescribe } from "./commands/describe/flags.js";
import { addGen } from "./commands/gen/flags.js";
import { addHealth } from "./commands/health/flags.js";
import { addInit } from "./commands/init/flags.js";
import { addLs } from "./commands/ls/flags.js";
import { addTop } from "./commands/top/flags.js";
import { addWait } from "./commands/wait/flags.js";
import { Failure, usage } from "./failure.js";

const exitCodeHelp = `
Exit codes: 0 success, 1 the server answered with an error, 2 invalid arguments or input, 3 no server reachable,
4 timed out, 5 the server does not serve, 130 Ctrl-C. With --json, errors on standard error are JSON, too.`;

/** Returns the command `vyra-ipc` with all its subcommands. */
export function createProgram(): Command {
  const program = new Command("vyra-ipc")
    .description("Inspect, call and load gRPC servers on Unix domain sockets, and create new ones.")
    .version(version(), "-V, --version", "show the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .addHelpText("after", exitCodeHelp)
    .configureHelp({ showGlobalOptions: false })
    .exitOverride()
    .configureOutput({ writeErr: () => {} }); // failureToReport() reports usage errors, too
  addCommands(program);
  for (const command of program.commands) {
    command.exitOverride((error) => {
      throw Object.assign(error, { command: command.name() });
    });
  }
  return program;
}

/**
 * Adds the subcommands, in the order in which the help lists them. A subcommand is a folder in commands/ and a line
 * here: its `flags.ts` declares the arguments, the `run` of its `run.ts` does the work. `run.ts` is loaded only when
 * the subcommand runs, so that help and usage errors are fast.
 */
function addCommands(program: Command): void {
  addLs(program).action(lazily(() => import("./commands/ls/run.js")));
  addDescribe(program).action(lazily(() => import("./commands/describe/run.js")));
  addCall(program).action(lazily(() => import("./commands/call/run.js")));
  addHealth(program).action(lazily(() => import("./commands/health/run.js")));
  addWait(program).action(lazily(() => import("./commands/wait/run.js")));
  addBench(program).action(lazily(() => import("./commands/bench/run.js")));
  addTop(program).action(lazily(() => import("./commands/top/run.js")));
  addInit(program).action(lazily(() => import("./commands/init/run.js")));
  addGen(program).action(lazily(() => import("./commands/gen/run.js")));
  addCompletion(program).action(lazily(() => import("./commands/completion/run.js")));
  addComplete(program).action(lazily(() => import("./commands/complete/run.js")));
}

function lazily<A extends unknown[]>(
  load: () => Promise<{ run: (...args: A) => Promise<void> }>,
): (...args: A) => Promise<void> {
  return async (...args) => (await load()).run(...args);
}

/**
 * Turns an error from parsing the arguments or running a subcommand into a failure; undefined if the user asked for
 * help.
 */
export async function failureToReport(error: unknown): Promise<Failure | undefined> {
  if (error instanceof Failure) {
    return error;
  }
  if (!(error instanceof CommanderError)) {
    const { failureOf } = await import("./server/failure-of.js");
    return failureOf(error);
  }
  if (error.exitCode === 0) {
    return undefined;
  }
  const { command } = error as CommanderError & { command?: string };
  if (error.code === "commander.help") {
    return usage("there is no such command. See vyra-ipc --help");
  }
  const what = messageOf(error);
  return usage(
    `${what}${what.endsWith("?") ? "" : "."} See vyra-ipc ${command === undefined ? "" : `${command} `}--help`,
  );
}

function messageOf({ message }: CommanderError): string {
  return message
    .replace(/^error: /, "")
    .replace(/\s*\(Did you mean (.*)\?\)$/s, ": did you mean $1?")
    .replace(/\.$/, "");
}

function version(): string {
  const manifest = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
