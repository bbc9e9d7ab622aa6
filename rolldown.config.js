// What is published and loaded: a few files instead of two hundred, since Node.js takes half a millisecond for each. Types come from
// tsc, and so does the tree of files beside them that the packages' own tests look into.
import { defineConfig } from "rolldown";

const bundled = (name, entries) =>
  defineConfig({
    input: Object.fromEntries(entries.map((entry) => [entry, `packages/${name}/src/${entry}.ts`])),
    platform: "node",
    external: /^[^./]/,
    tsconfig: `packages/${name}/tsconfig.json`,
    output: {
      dir: `packages/${name}/dist/bundle`,
      cleanDir: true,
      sourcemap: true,
      comments: false,
      chunkFileNames: "[name].js",
    },
  });

export default [bundled("http2", ["index"]), bundled("ipc", ["index", "proto", "health", "reflection", "telemetry"])];
