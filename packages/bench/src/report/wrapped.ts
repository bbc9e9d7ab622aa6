const width = 120;

/**
 * Breaks a paragraph into lines of at most 120 characters, at spaces only. A word that is longer gets its own line.
 *
 * @param indent begins each line but the first.
 */
export function wrapped(paragraph: string, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of paragraph.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join("\n");
}
