import type { Command } from "commander";

/** The hidden command that the shells' scripts call at each Tab (completion/scripts.ts). */
export function addComplete(program: Command): Command {
  return program.command("__complete", { hidden: true }).argument("[words...]");
}
