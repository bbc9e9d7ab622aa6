// Generates the files of the package that are made from others: a module with its name and version, and .proto files.
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";

// The name and version are compiled in, since package.json cannot be read at run time by code in a bundle.
const { name, version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
writeFileSync(
  new URL("src/gen/version.ts", import.meta.url),
  [
    "/** The name and the version of this package in package.json. */",
    `export const packageName = ${JSON.stringify(name)};`,
    `export const packageVersion = ${JSON.stringify(version)};`,
    "",
  ].join("\n"),
);

// Users import these files in their own. Those of gRPC in proto/ are not part of this package, and users may have them.
const copy = new URL("proto/", import.meta.url);
rmSync(copy, { recursive: true, force: true });
cpSync(new URL("../../proto/vyra", import.meta.url), new URL("vyra", copy), { recursive: true });
