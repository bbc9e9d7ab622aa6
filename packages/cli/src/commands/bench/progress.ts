import { fit, padStart, paintFor } from "../../terminal/colors.js";
import { formatCount, formatMs } from "../../terminal/figures.js";
import type { Progress } from "./load.js";
import { bar } from "./terminal-report.js";

/** A line on standard error that shows the progress. It is drawn only if standard error is a terminal. */
export interface ProgressLine {
  show(progress: Progress): void;
  /** Removes the line. */
  end(): void;
}

const barWidth = 20;
const toLineStart = "\r\x1b[K";

export function progressLine(): ProgressLine {
  const { stderr } = process;
  if (!stderr.isTTY) {
    return { show() {}, end() {} };
  }
  const paint = paintFor(stderr);
  return {
    show({ phase, elapsedMs, totalMs, callsPerSecond, p50Ms, errors }) {
      const share = Math.min(1, elapsedMs / totalMs);
      const done = bar(share, barWidth);
      const track = paint.cyan(done) + paint.dim("·".repeat(Math.max(0, barWidth - [...done].length)));
      const time = `${(Math.min(elapsedMs, totalMs) / 1_000).toFixed(1)}/${(totalMs / 1_000).toFixed(1)} s`;
      const figures = `${padStart(formatCount(callsPerSecond), 9)} calls/s   p50 ${formatMs(p50Ms)}`;
      const failed = errors === 0 ? "" : paint.red(`   ${formatCount(errors)} errors`);
      const line = `${phase === "measuring" ? "" : paint.dim("warming up  ")}${track} ${time} ${figures}${failed}`;
      stderr.write(toLineStart + fit(line, (stderr.columns || 80) - 1));
    },
    end() {
      stderr.write(toLineStart);
    },
  };
}
