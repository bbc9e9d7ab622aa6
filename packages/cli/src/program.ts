import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addBench } from "./commands/bench.js";
import { addCall } from "./commands/call.js";
import { addDescribe } from "./commands/describe.js";
import { addGen } from "./commands/gen.js";
import { addHealth } from "./commands/health.js";
import { addInit } from "./commands/init.js";
import { addLs } from "./commands/ls.js";
import { addTop } from "./commands/top.js";
import { addWait } from "./commands/wait.js";
import { type Failure, failureOf, usage } from "./failure.js";

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
  for (const add of [addLs, addDescribe, addCall, addHealth, addWait, addBench, addTop, addInit, addGen]) {
    add(program);
  }
  return program;
}

/** What the parser of arguments found wrong, as a failure; undefined if it was only asked for help. */
export function parserFailure(error: unknown): Failure | undefined {
  if (!(error instanceof CommanderError)) {
    return failureOf(error);
  }
  if (error.exitCode === 0) {
    return undefined;
  }
  if (error.code === "commander.help") {
    return usage("there is no such command: vyra-ipc help names them all");
  }
  return usage(error.message.replace(/^error: /, "").replace(/\s*\(Did you mean (.*)\?\)$/s, ": did you mean $1?"));
}

function version(): string {
  const manifest = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
