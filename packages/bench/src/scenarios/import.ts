import { work } from "../contract/job.js";
import { onePoint, type Scenario } from "./scenario.js";

export const coldImport: Scenario = {
  suite: "import",
  name: "cold",
  title: "Cold import",
  about: "A new process imports the package: the time of that, and the memory of the process then.",
  needs: "calls",
  counts: "imports",
  points: onePoint(work("import")),
  repeat: 4,
  columns: ["importMs", "clientIdleBytes"],
};
