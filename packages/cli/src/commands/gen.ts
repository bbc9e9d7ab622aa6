import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { addJsonFlag } from "../connection.js";
import { usage } from "../failure.js";
import { type Generated, generate, generateAsConfigured, type Target } from "../generate.js";
import { examples } from "../help.js";
import { print, printJson } from "../terminal/output.js";

interface GenFlags {
  readonly out?: string;
  readonly target?: Target;
  readonly json?: boolean;
}

const defaultProtos = "proto";
const defaultOut = "src/gen";
const ownConfig = "buf.gen.yaml";

export function addGen(program: Command): void {
  const command = program
    .command("gen")
    .summary("generate types from proto files")
    .description(
      `Generate types from proto files, by buf and protoc-gen-es. Where there is a ${ownConfig}, that is followed instead.`,
    )
    .argument("[dir]", `the folder of the proto files (default: ${defaultProtos})`)
    .option("-o, --out <dir>", `where to write (default: ${defaultOut})`)
    .addOption(
      new Option(
        "--target <language>",
        "ts, or js with declarations (default: ts where there is a tsconfig.json)",
      ).choices(["ts", "js"]),
    );
  addJsonFlag(command, "the names of the files in JSON");
  examples(command, [["gen"], ["gen ../shared/proto --out src/generated"]]);
  command.action(gen);
}

async function gen(dir: string | undefined, flags: GenFlags): Promise<void> {
  if (existsSync(ownConfig)) {
    await followConfig(dir, flags);
    return;
  }
  const out = flags.out ?? defaultOut;
  const target = flags.target ?? (existsSync("tsconfig.json") ? "ts" : "js");
  const generated = await generate(dir ?? defaultProtos, out, target);
  if (flags.json) {
    printJson({ out, ...mutable(generated) });
  } else {
    print(summary(out, generated));
  }
}

async function followConfig(dir: string | undefined, { out, target, json }: GenFlags): Promise<void> {
  if (dir !== undefined || out !== undefined || target !== undefined) {
    throw usage(`there is a ${ownConfig}, which says what to generate: remove it, or say it there`);
  }
  await generateAsConfigured();
  if (json) {
    printJson({ config: ownConfig });
  } else {
    print(`generated as ${ownConfig} says`);
  }
}

function summary(out: string, { written, unchanged, removed }: Generated): string {
  const parts = [
    `${written.length} written`,
    ...(unchanged.length > 0 ? [`${unchanged.length} unchanged`] : []),
    ...(removed.length > 0 ? [`${removed.length} removed`] : []),
  ];
  return `${out}: ${parts.join(", ")}`;
}

function mutable({ written, unchanged, removed }: Generated) {
  return { written: [...written], unchanged: [...unchanged], removed: [...removed] };
}
