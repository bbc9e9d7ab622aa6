// What the package has that is made of other files: its name and version as a module, and its .proto files.
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";

// What reads package.json while it runs does not find it in a bundle.
const { name, version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
writeFileSync(
  new URL("src/gen/version.ts", import.meta.url),
  `/** What this package calls itself, as package.json has it. */\nexport const packageName = ${JSON.stringify(name)};\nexport const packageVersion = ${JSON.stringify(version)};\n`,
);

// Users import them in their own; those of gRPC in proto/ are not ours to give, and users may have them already.
const copy = new URL("proto/", import.meta.url);
rmSync(copy, { recursive: true, force: true });
cpSync(new URL("../../proto/vyra", import.meta.url), new URL("vyra", copy), { recursive: true });
