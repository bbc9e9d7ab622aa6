import type { WriteStream } from "node:tty";

/** Styles text for a terminal. Where colours would not be visible, each function returns the text unchanged. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  blue(text: string): string;
  cyan(text: string): string;
  magenta(text: string): string;
}

/**
 * Returns the colours for a stream: real ones if it is a terminal that supports them. `hasColors()` respects NO_COLOR,
 * TERM=dumb and FORCE_COLOR.
 */
export function paintFor(stream: Pick<WriteStream, "isTTY" | "hasColors">): Paint {
  const isColored = stream.isTTY && stream.hasColors();
  const style = (start: number, end: number) => (text: string) =>
    isColored && text !== "" ? `\x1b[${start}m${text}\x1b[${end}m` : text;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
    blue: style(34, 39),
    cyan: style(36, 39),
    magenta: style(35, 39),
  };
}

/** Returns the number of columns that the text takes; colour codes take none. */
export function widthOf(text: string): number {
  return [...text.replace(colorCode, "")].length;
}

/** Pads the text with spaces to this many columns. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - widthOf(text))) + text;
}

/**
 * Cuts a line to this many columns. The default is the width of standard output if it is a terminal, and otherwise no
 * limit.
 */
export function fit(line: string, columns = process.stdout.columns ?? Number.POSITIVE_INFINITY): string {
  if (widthOf(line) <= columns) {
    return line;
  }
  let room = columns - 1;
  const cut = line.replace(colorCodeOrChar, (match, code?: string) => (code !== undefined || room-- > 0 ? match : ""));
  return `${cut}…`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with ESC
const colorCodeOrChar = /(\x1b\[\d+m)|./gsu;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with ESC
const colorCode = /\x1b\[\d+m/g;
