import { print } from "../../terminal/output.js";
import { type Shell, scripts } from "./scripts.js";

export async function run(shell: Shell): Promise<void> {
  print(scripts[shell].trimEnd());
}
