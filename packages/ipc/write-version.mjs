// Makes the package's name and version a module of its own: what reads package.json while it runs does not find it in a bundle.
import { readFileSync, writeFileSync } from "node:fs";

const { name, version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
writeFileSync(
  new URL("src/gen/version.ts", import.meta.url),
  `/** What this package calls itself, as package.json has it. */\nexport const packageName = ${JSON.stringify(name)};\nexport const packageVersion = ${JSON.stringify(version)};\n`,
);
