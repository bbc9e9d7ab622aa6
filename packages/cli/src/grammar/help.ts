import type { Command } from "commander";

export const socketHelp = "a module's name, a path, or unix:/path";
export const methodHelp = "its full name, package.Service/Method, or an unambiguous end of it: Method";

/** Adds examples to a command's help: command lines, each with a remark if it needs one. */
export function examples(command: Command, lines: readonly (readonly [line: string, remark?: string])[]): void {
  const text = lines.map(([line, remark]) => `  vyra-ipc ${line}${remark === undefined ? "" : `   # ${remark}`}`);
  command.addHelpText("after", ["", "Examples:", ...text].join("\n"));
}
