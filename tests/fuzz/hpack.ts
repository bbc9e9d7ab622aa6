// The HPACK decoder of @vyra/http2, which the package does not export. It is imported at run time because a compiled
// file is one folder deeper than its source, so no relative import would fit both.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Decoder as DecoderType } from "../../packages/http2/dist/hpack/decoder.js";
import { root } from "../support/folders.js";

const path = join(root, "packages/http2/dist/hpack/decoder.js");
const module: { Decoder: typeof DecoderType } = await import(pathToFileURL(path).href);

export const Decoder = module.Decoder;
