// The API reference, made of the docstrings: `npm run docs` writes it to html/.
import { OptionDefaults } from "typedoc";

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "@vyra/ipc and @vyra/http2",
  entryPoints: [
    ...["index", "proto", "health", "reflection", "telemetry"].map((name) => `../../packages/ipc/src/${name}.ts`),
    "../../packages/http2/src/index.ts",
  ],
  tsconfig: "tsconfig.json",
  out: "html",
  readme: "none",
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  // protoc-gen-es says with it which part of which .proto file something was made of.
  blockTags: [...OptionDefaults.blockTags, "@generated"],
  excludeTags: [...OptionDefaults.excludeTags, "@generated"],
  treatWarningsAsErrors: true,
};
