// The public API: the reports that are checked in, and the reference that is made of the docstrings. See docs/api/README.md.
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "./support.mjs";

const options = { cwd: fileURLToPath(new URL("../../docs/api", import.meta.url)) };

describe("the public API", () => {
  it("is as its reports say (npm run api updates them)", () => {
    run(process.execPath, ["report.mjs", "--check"], options);
  });

  it("has docstrings of which TypeDoc makes a reference without a warning", () => {
    run("npx", ["typedoc", "--emit", "none"], options);
  });
});
