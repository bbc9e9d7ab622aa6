// The HPACK decoder of @vyra/http2, which the package does not export. It is imported at run time because a compiled
// file is one folder deeper than its source, so that no relative import is right for both.
import type { Decoder as DecoderType } from "../../packages/http2/dist/hpack/decoder.js";

const url = new URL("../../../packages/http2/dist/hpack/decoder.js", import.meta.url);
const module: { Decoder: typeof DecoderType } = await import(url.href);

export const Decoder = module.Decoder;
