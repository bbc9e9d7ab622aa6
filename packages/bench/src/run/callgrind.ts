import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../peers/toolchain.js";

/*
 * Instructions, counted by Valgrind's callgrind: those of the process, in user mode, all threads. A processor would count them
 * faster (`perf stat`), but virtual machines seldom let it. A program runs some fifty times slower meanwhile, one thread at a time.
 */

/** A command line with callgrind before it. It counts nothing until it is told to, so as to warm up sooner. */
export function underCallgrind(command: readonly string[], folder: string): readonly string[] {
  return [
    "valgrind",
    "--quiet",
    "--tool=callgrind",
    "--instr-atstart=no",
    "--smc-check=all-non-file", // the code of V8 changes under way
    `--callgrind-out-file=${outputFile(folder, "%p")}`,
    ...command,
  ];
}

export async function startCounting(pid: number): Promise<void> {
  await run("callgrind_control", ["--instr=on", String(pid)]);
}

/** What a process has executed since startCounting(). To be asked for once. */
export async function countedInstructions(pid: number, folder: string): Promise<number> {
  await run("callgrind_control", ["--dump", String(pid)]);
  return totalOf(readFileSync(`${outputFile(folder, String(pid))}.1`, "utf8"));
}

function outputFile(folder: string, pid: string): string {
  return join(folder, `callgrind.${pid}`);
}

/**
 * The total in a file in callgrind's format.
 * @throws Error if there is none
 */
export function totalOf(output: string): number {
  const total = /^(?:summary|totals): (\d+)/m.exec(output)?.[1];
  if (total === undefined) {
    throw new Error("callgrind has written no total");
  }
  return Number(total);
}
