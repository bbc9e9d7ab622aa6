import { exitCodes, type Failure } from "./failure.js";
import { paintFor } from "./terminal/colors.js";
import { note } from "./terminal/output.js";
import { jsonText } from "./terminal/printable.js";

/** Reports a failure on standard error: one line for people with the details under it, or one line of JSON. */
export function reportFailure({ kind, message, status }: Failure, asJson: boolean): void {
  if (asJson) {
    const said = status === undefined ? { message } : { ...status, details: [...status.details] };
    note(jsonText({ error: { kind, exitCode: exitCodes[kind], ...said } }));
    return;
  }
  const paint = paintFor(process.stderr);
  note(`${paint.red("vyra-ipc:")} ${message}`);
  for (const detail of status?.details ?? []) {
    note(`  ${jsonText(detail)}`);
  }
}
