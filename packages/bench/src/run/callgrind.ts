import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../peers/toolchain.js";

/*
 * Valgrind's callgrind counts the instructions of a process, in user mode, of all threads. A processor would count them
 * faster (`perf stat`), but virtual machines seldom allow that. A program runs some fifty times slower meanwhile, and
 * one thread at a time.
 */

/** Returns the command line of a program under callgrind. Counting is off at first, so that the warm-up is faster. */
export function underCallgrind(command: readonly string[], folder: string): readonly string[] {
  return [
    "valgrind",
    "--quiet",
    "--tool=callgrind",
    "--instr-atstart=no",
    "--smc-check=all-non-file", // V8 changes code while it runs
    `--callgrind-out-file=${outputFile(folder, "%p")}`,
    ...command,
  ];
}

export async function startCounting(pid: number): Promise<void> {
  await runTool("callgrind_control", ["--instr=on", String(pid)]);
}

/** Returns the instructions that a process has executed since startCounting(). It can be called once. */
export async function countedInstructions(pid: number, folder: string): Promise<number> {
  await runTool("callgrind_control", ["--dump", String(pid)]);
  return totalOf(readFileSync(`${outputFile(folder, String(pid))}.1`, "utf8"));
}

function outputFile(folder: string, pid: string): string {
  return join(folder, `callgrind.${pid}`);
}

/**
 * Returns the total of a file in callgrind's format.
 *
 * @throws Error if the file has none
 */
export function totalOf(output: string): number {
  const total = /^(?:summary|totals): (\d+)/m.exec(output)?.[1];
  if (total === undefined) {
    throw new Error("the callgrind file has no total");
  }
  return Number(total);
}
