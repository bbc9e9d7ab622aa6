// Writes the API report of each public entry point, packages/*/api/*.api.md: its exported types and values, without
// their documentation, so that a review shows each change of the public API. With --check it writes nothing, and fails
// if a report is out of date. It reads the .d.ts files that `npm run build` makes.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

const compilerOptions = {
  target: "es2022",
  lib: ["es2023", "esnext.disposable"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  skipLibCheck: true,
};
const { check } = parseArgs({ options: { check: { type: "boolean", default: false } } }).values;
const packages = fileURLToPath(new URL("../../packages", import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), "vyra-api-"));

const outdated = ["http2", "ipc"]
  .flatMap((name) => entryPointsOf(join(packages, name)))
  .filter((entry) => !report(entry));
rmSync(temporary, { recursive: true });
if (check && outdated.length > 0) {
  const names = outdated.map(({ folder, types }) => join(folder, "api", `${parse(types).name}.api.md`));
  console.error(`out of date: ${names.join(", ")}: run npm run api, and look at what has changed`);
  process.exitCode = 1;
}

/**
 * An entry point: the folder of its package, and its .d.ts file there, without the ending.
 * @typedef {{ folder: string, types: string }} EntryPoint
 */

/**
 * The types of a package's entry points, as its `exports` have them.
 * @param {string} folder
 * @returns {EntryPoint[]}
 */
function entryPointsOf(folder) {
  /** @type {{ exports: Record<string, { types?: { default: string } }> }} */
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return Object.values(exports).flatMap(({ types }) =>
    types === undefined ? [] : [{ folder, types: types.default.replace(/\.d\.ts$/, "") }],
  );
}

/**
 * Reports one entry point.
 * @param {EntryPoint} entry
 * @returns {boolean} whether its report was up to date
 */
function report({ folder, types }) {
  mkdirSync(join(folder, "api"), { recursive: true });
  const silent = { default: { logLevel: ExtractorLogLevel.None } };
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: join(folder, "package.json"),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, `${types}.d.ts`),
      newlineKind: "lf",
      compiler: { overrideTsconfig: { compilerOptions, files: [`${types}.d.ts`] } },
      apiReport: {
        enabled: true,
        reportFileName: parse(types).name,
        reportFolder: join(folder, "api"),
        reportTempFolder: join(temporary, dirname(types)),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          ...silent,
          "ae-forgotten-export": { logLevel: ExtractorLogLevel.Error },
        },
        tsdocMessageReporting: silent,
      },
    },
  });
  const { apiReportChanged, succeeded } = Extractor.invoke(config, {
    localBuild: !check,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel === ExtractorLogLevel.Error && message.messageId !== "console-api-report-not-copied") {
        console.error(message.formatMessageWithLocation(folder));
      }
    },
  });
  if (!succeeded && !apiReportChanged) {
    throw new Error(`the types of ${join(folder, types)} cannot be read`);
  }
  return !apiReportChanged;
}
