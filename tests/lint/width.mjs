/** The widest line, in characters. It is Biome's `lineWidth`, which does not hold for comments and strings. */
const maxWidth = 120;

/**
 * Lines that cannot be broken: the row of a table, a line that is nothing but a URL or a link, and a line of JSON that
 * a program prints in an example.
 */
const unbreakable = {
  table: /^\s*\|.*\|\s*$/,
  json: /^\{".*\}$/,
  url: /^\s*(\/\/|\*|#|-)?\s*(\S*https?:\/\/\S+|!?\[[^\]]*\]\(\S+\)[.,;:]?)$/,
};

/**
 * Finds the lines of a file that are wider than `maxWidth`.
 *
 * @param {string} file
 * @param {string} text
 * @returns {string[]} a message for each
 */
export function wideLines(file, text) {
  return text.split("\n").flatMap((line, index) => {
    const width = [...line].length;
    const isMarkdownOnly = unbreakable.table.test(line) || unbreakable.json.test(line);
    if (width <= maxWidth || unbreakable.url.test(line) || (file.endsWith(".md") && isMarkdownOnly)) {
      return [];
    }
    return [`${file}:${index + 1}: the line has ${width} characters, ${maxWidth} are allowed`];
  });
}
