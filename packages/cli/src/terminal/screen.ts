import { fit } from "./colors.js";

/** A full-screen view in a terminal, which is restored at the end. */
export interface Screen {
  /** Draws as many of the lines as fit. The lines are computed again whenever the width of the terminal changes. */
  draw(linesFor: (columns: number) => readonly string[]): void;
  close(): void;
}

const useAlternateScreen = "\x1b[?1049h\x1b[?25l";
const useNormalScreen = "\x1b[?25h\x1b[?1049l";
const toTop = "\x1b[H";
const clearToLineEnd = "\x1b[K";
const clearBelow = "\x1b[J";

/**
 * Takes over the terminal of standard output.
 *
 * @param onQuit called when the user presses q. Ctrl-C still sends SIGINT.
 */
export function openScreen(onQuit: () => void): Screen {
  const { stdin, stdout } = process;
  let lines: (columns: number) => readonly string[] = () => [];
  stdout.write(useAlternateScreen);
  process.once("exit", restore); // the terminal is restored however the process ends
  stdout.on("resize", redraw);
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    stdin.on("data", onKey);
  }

  return {
    draw(linesFor) {
      lines = linesFor;
      redraw();
    },
    close() {
      stdout.off("resize", redraw);
      if (stdin.isTTY) {
        stdin.off("data", onKey);
        stdin.setRawMode(false);
        stdin.pause();
      }
      process.off("exit", restore);
      restore();
    },
  };

  function redraw(): void {
    const shown = lines(stdout.columns).slice(0, stdout.rows - 1);
    const fitted = shown.map((line) => fit(line, stdout.columns) + clearToLineEnd);
    stdout.write(`${toTop}${fitted.join("\n")}\n${clearBelow}`);
  }

  function onKey(keys: Buffer): void {
    const text = keys.toString();
    if (text.includes("q")) {
      onQuit();
    } else if (text.includes("\x03")) {
      process.kill(process.pid, "SIGINT"); // a terminal in raw mode does not send the signal itself
    }
  }

  function restore(): void {
    stdout.write(useNormalScreen);
  }
}
