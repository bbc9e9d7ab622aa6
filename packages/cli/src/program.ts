import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { Failure, usage } from "./failure.js";
import { addBench } from "./grammar/bench.js";
import { addCall } from "./grammar/call.js";
import { addCompletion } from "./grammar/completion.js";
import { addDescribe } from "./grammar/describe.js";
import { addGen } from "./grammar/gen.js";
import { addHealth } from "./grammar/health.js";
import { addInit } from "./grammar/init.js";
import { addLs } from "./grammar/ls.js";
import { addTop } from "./grammar/top.js";
import { addWait } from "./grammar/wait.js";

const exitCodeHelp = `
Exit codes: 0 done, 1 the server answered with an error, 2 wrong arguments or input, 3 nobody to reach,
4 too slow, 5 the server does not serve, 130 Ctrl-C. In JSON, errors are on standard error as well.`;

/** The command and all its subcommands. */
export function createProgram(): Command {
  const program = new Command("vyra-ipc")
    .description("Look into, call, load and start gRPC servers on Unix domain sockets.")
    .version(version(), "-V, --version", "show the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .addHelpText("after", exitCodeHelp)
    .configureHelp({ showGlobalOptions: false })
    .exitOverride()
    .configureOutput({ writeErr: () => {} }); // complaints are reported as every other failure is
  for (const add of [
    addLs,
    addDescribe,
    addCall,
    addHealth,
    addWait,
    addBench,
    addTop,
    addInit,
    addGen,
    addCompletion,
  ]) {
    add(program);
  }
  for (const command of program.commands) {
    command.exitOverride((error) => {
      throw Object.assign(error, { command: command.name() });
    });
  }
  return program;
}

/** What went wrong, in parsing the arguments or after it, as a failure; undefined if help was asked for. */
export async function failureToReport(error: unknown): Promise<Failure | undefined> {
  if (error instanceof Failure) {
    return error;
  }
  if (!(error instanceof CommanderError)) {
    const { failureOf } = await import("./failure-of.js");
    return failureOf(error);
  }
  if (error.exitCode === 0) {
    return undefined;
  }
  const { command } = error as CommanderError & { command?: string };
  if (error.code === "commander.help") {
    return usage("there is no such command. See vyra-ipc --help");
  }
  const what = complaint(error);
  return usage(
    `${what}${what.endsWith("?") ? "" : "."} See vyra-ipc ${command === undefined ? "" : `${command} `}--help`,
  );
}

function complaint({ message }: CommanderError): string {
  return message
    .replace(/^error: /, "")
    .replace(/\s*\(Did you mean (.*)\?\)$/s, ": did you mean $1?")
    .replace(/\.$/, "");
}

function version(): string {
  const manifest = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
