import { work } from "../contract/job.js";
import { type Scenario, scenariosOf } from "./scenario.js";

/** Loading a package, without any call. */
export const importScenarios: readonly Scenario[] = scenariosOf(
  { suite: "import", needs: "calls", counts: "imports" },
  [
    {
      name: "cold",
      title: "Cold import",
      about:
        "A new process imports the package. The figures are the time that this takes, and the memory of " +
        "the process afterwards.",
      work: work("import"),
      repeat: 4,
      columns: ["importMs", "clientIdleBytes"],
    },
  ],
);
