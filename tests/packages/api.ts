// Checks the public API: its reports, which are checked in, and the reference that is generated from the docstrings.
// See docs/api/README.md.
import { join } from "node:path";
import { describe, it } from "node:test";
import { root } from "../support/folders.js";
import { run } from "./support.js";

const options = { cwd: join(root, "docs/api") };

describe("the public API", () => {
  it("is as its reports say (npm run api updates them)", () => {
    run(process.execPath, ["report.mjs", "--check"], options);
  });

  it("has docstrings of which TypeDoc makes a reference without a warning", () => {
    run("npx", ["typedoc", "--emit", "none"], options);
  });
});
