import { existsSync } from "node:fs";
import { usage } from "../../failure.js";
import { type Generated, generate, generateAsConfigured } from "./generate.js";
import { defaultOut, defaultProtos, type GenFlags, ownConfig } from "./flags.js";
import { print, printJson } from "../../terminal/output.js";

export async function run(dir: string | undefined, flags: GenFlags): Promise<void> {
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
    throw usage(`${ownConfig} determines what is generated: change it there, or remove the file`);
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
