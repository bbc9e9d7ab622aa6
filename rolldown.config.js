// Bundles what is published: a few files instead of two hundred, since Node.js takes half a millisecond to load each.
// The types come from tsc, and so does the tree of files beside them that the packages' own tests import.
//
// Everything is built twice: as ES modules, which Node.js loads for `import` and for `require()`, and as CommonJS for
// tools that can load nothing else, such as jest. docs/guide/commonjs.md gives the reasons.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { defineConfig } from "rolldown";

/**
 * @param {string} name
 * @param {readonly string[]} entries
 * @returns {import("rolldown").RolldownOptions[]}
 */
const bundled = (name, entries) =>
  /** @type {import("rolldown").OutputOptions[]} */ ([
    { format: "esm", dir: `packages/${name}/dist/bundle` },
    // A tool that cannot `require()` an ES module cannot `import()` one from CommonJS either.
    { format: "cjs", dir: `packages/${name}/dist/cjs`, dynamicImportInCjs: false, exports: "named" },
  ]).map((output) =>
    defineConfig({
      input: Object.fromEntries(entries.map((entry) => [entry, `packages/${name}/src/${entry}.ts`])),
      platform: "node",
      external: /^[^./]/,
      tsconfig: `packages/${name}/tsconfig.json`,
      output: {
        ...output,
        cleanDir: true,
        sourcemap: true,
        sourcemapExcludeSources: true, // the package has them in src/
        comments: false,
        chunkFileNames: (chunk) => `${nameOf(chunk, resolve(`packages/${name}/src`))}.js`,
      },
      plugins: output.format === "cjs" ? [commonJsTypes(`packages/${name}/dist`)] : [],
    }),
  );

/**
 * The name of a chunk says what is in it. A chunk that is loaded later is named for its module, such as
 * `server-cluster-primary`. A chunk that others share is named for the folder that contains all its modules, or for the
 * three folders of `src` that contain most of them.
 *
 * @param {import("rolldown").PreRenderedChunk} chunk
 * @param {string} src
 */
function nameOf({ facadeModuleId, moduleIds }, src) {
  const modules = (facadeModuleId ? [facadeModuleId] : moduleIds)
    .filter((id) => id.startsWith(src))
    .map((id) => relative(src, id).replace(/\.ts$/, "").split("/"));
  const [first = ["runtime"]] = modules;
  const length = first.findIndex((part, i) => modules.some((module) => module[i] !== part));
  const shared = length === -1 ? first : first.slice(0, length);
  if (shared.length > 0) {
    return shared.join("-");
  }
  /** @type {Map<string | undefined, number>} */
  const counts = new Map();
  for (const [folder] of modules) {
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  const folders = [...counts].sort(([, a], [, b]) => b - a).map(([folder]) => folder);
  return folders.slice(0, 3).join("-");
}

/**
 * The same types once more, where package.json says that they are of CommonJS modules.
 * @param {string} dist
 * @returns {import("rolldown").Plugin}
 */
function commonJsTypes(dist) {
  return {
    name: "commonjs-types",
    writeBundle() {
      const target = join(dist, "cjs");
      writeFileSync(join(target, "package.json"), '{ "type": "commonjs" }\n');
      for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
        if (file.endsWith(".d.ts") && !file.startsWith("cjs/")) {
          mkdirSync(join(target, file, ".."), { recursive: true });
          const text = readFileSync(join(dist, file), "utf8");
          writeFileSync(join(target, file), text.replace(/^\/\/# sourceMappingURL=.*\n?/m, ""));
        }
      }
    },
  };
}

export default [
  ...bundled("http2", ["index"]),
  ...bundled("ipc", ["index", "proto", "health", "reflection", "telemetry"]),
];
