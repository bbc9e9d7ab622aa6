// Bundles app.js with the bundler named, as docs/guide/bundlers.md says, into the folder named.
import { join } from "node:path";

const [bundler, folder] = process.argv.slice(2);

const builders = {
  async "esbuild-esm"() {
    const { build } = await import("esbuild");
    await build({
      entryPoints: ["app.js"],
      bundle: true,
      platform: "node",
      format: "esm",
      outfile: join(folder, "app.mjs"),
    });
  },
  async "esbuild-cjs"() {
    const { build } = await import("esbuild");
    await build({
      entryPoints: ["app.js"],
      bundle: true,
      platform: "node",
      format: "cjs",
      outfile: join(folder, "app.cjs"),
    });
  },
  async "esbuild-cjs-minified"() {
    const { build } = await import("esbuild");
    const outfile = join(folder, "app.cjs");
    await build({ entryPoints: ["app.js"], bundle: true, minify: true, platform: "node", format: "cjs", outfile });
  },
  async rollup() {
    const { rollup } = await import("rollup");
    const { nodeResolve } = await import("@rollup/plugin-node-resolve");
    const bundle = await rollup({
      input: "app.js",
      plugins: [nodeResolve({ preferBuiltins: true })],
      external: ["undici"],
    });
    await bundle.write({ dir: folder, format: "es", entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" });
  },
  async rolldown() {
    const { build } = await import("rolldown");
    const output = { dir: folder, format: "esm", entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" };
    await build({ input: "app.js", platform: "node", external: ["undici"], output });
  },
  webpack: () => webpack({ filename: "app.cjs" }),
  "webpack-esm": () =>
    webpack({
      module: true,
      chunkFormat: "module",
      library: { type: "module" },
      filename: "app.mjs",
      chunkFilename: "[id].mjs",
    }),
  async vite() {
    const { build } = await import("vite");
    await build({
      configFile: false,
      logLevel: "warn",
      build: { ssr: "app.js", outDir: folder },
      ssr: { noExternal: true, external: ["undici"] },
    });
  },
};

await builders[bundler]();

async function webpack(output) {
  const { default: webpack } = await import("webpack");
  const compiler = webpack({
    mode: "production",
    target: "node20",
    context: import.meta.dirname,
    entry: "./app.js",
    experiments: { outputModule: output.module === true },
    externals: { undici: "import undici" },
    output: { path: folder, ...output },
  });
  await new Promise((resolve, reject) => {
    compiler.run((error, stats) => {
      const said = stats?.toString({ preset: "errors-warnings" }) ?? "";
      error !== null || stats.hasErrors() || stats.hasWarnings() ? reject(error ?? new Error(said)) : resolve();
    });
  });
}
