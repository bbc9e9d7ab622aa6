import { type Command, Option } from "commander";
import type { Target } from "./generate.js";
import { addJsonFlag } from "../../grammar/flags.js";
import { examples } from "../../grammar/help.js";

export interface GenFlags {
  readonly out?: string;
  readonly target?: Target;
  readonly json?: boolean;
}

export const defaultProtos = "proto";
export const defaultOut = "src/gen";
export const ownConfig = "buf.gen.yaml";

export function addGen(program: Command): Command {
  const command = program
    .command("gen")
    .summary("generate types from proto files")
    .description(
      "Generate types from proto files with buf and protoc-gen-es. " +
        `If the folder has a ${ownConfig}, that file determines what is generated.`,
    )
    .argument("[dir]", `the folder of the proto files (default: ${defaultProtos})`)
    .option("-o, --out <dir>", `where to write (default: ${defaultOut})`)
    .addOption(
      new Option(
        "--target <language>",
        "ts, or js with declaration files (default: ts if there is a tsconfig.json)",
      ).choices(["ts", "js"]),
    );
  addJsonFlag(command, "print the names of the files as JSON");
  examples(command, [["gen"], ["gen ../shared/proto --out src/generated"]]);
  return command;
}
