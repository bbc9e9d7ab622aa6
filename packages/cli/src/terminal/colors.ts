import type { WriteStream } from "node:tty";

/** Marks text for people. Plain text in, plain text out where nobody would see the colours. */
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
 * Colours for what is written to this stream, if it is a terminal that has them. `hasColors()` heeds NO_COLOR, TERM=dumb and
 * FORCE_COLOR.
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

/** How many columns the text takes, without its colours. */
export function widthOf(text: string): number {
  return [...text.replace(colorCode, "")].length;
}

/** The text, filled up with blanks to this many columns. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - widthOf(text))) + text;
}

/** The line, cut to this many columns; by default to the width of the terminal that standard output is, if it is one. */
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
