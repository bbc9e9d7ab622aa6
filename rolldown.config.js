// What is published and loaded: a few files instead of two hundred, since Node.js takes half a millisecond for each. Types come from
// tsc, and so does the tree of files beside them that the packages' own tests look into.
//
// Everything is built twice: as ES modules, which Node.js loads for `import` and `require()` alike, and as CommonJS for what can
// load nothing else, such as jest. docs/guide/commonjs.md has the reasons.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "rolldown";

const bundled = (name, entries) =>
  [
    { format: "esm", dir: `packages/${name}/dist/bundle` },
    // A tool that cannot `require()` an ES module cannot `import()` one from CommonJS either.
    { format: "cjs", dir: `packages/${name}/dist/cjs`, dynamicImportInCjs: false, exports: "named" },
  ].map((output) =>
    defineConfig({
      input: Object.fromEntries(entries.map((entry) => [entry, `packages/${name}/src/${entry}.ts`])),
      platform: "node",
      external: /^[^./]/,
      tsconfig: `packages/${name}/tsconfig.json`,
      output: { ...output, cleanDir: true, sourcemap: true, comments: false, chunkFileNames: "[name].js" },
      plugins: output.format === "cjs" ? [commonJsTypes(`packages/${name}/dist`)] : [],
    }),
  );

/** The same types once more, where package.json says that they are of CommonJS modules. */
function commonJsTypes(dist) {
  return {
    name: "commonjs-types",
    writeBundle() {
      const target = join(dist, "cjs");
      writeFileSync(join(target, "package.json"), '{ "type": "commonjs" }\n');
      for (const file of readdirSync(dist, { recursive: true })) {
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
