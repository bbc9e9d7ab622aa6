import { type Shell, scripts } from "./scripts.js";
import { print } from "../../terminal/output.js";

export async function completion(shell: Shell): Promise<void> {
  print(scripts[shell].trimEnd());
}
