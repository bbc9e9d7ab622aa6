/** What the backend finds out about a text. `ProcessData` answers with it as JSON. */
export interface TextReport {
  /** As a reader counts them: one for an emoji, however many code points it takes. */
  readonly characters: number;
  readonly words: number;
  readonly lines: number;
  readonly longestWord: string;
  readonly upperCase: string;
}

const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const words = new Intl.Segmenter(undefined, { granularity: "word" });

export function reportOn(text: string): TextReport {
  const wordsOfText = [...words.segment(text)].filter((part) => part.isWordLike).map((part) => part.segment);
  return {
    characters: [...characters.segment(text)].length,
    words: wordsOfText.length,
    lines: text === "" ? 0 : text.split(/\r\n|\r|\n/).length,
    longestWord: wordsOfText.reduce((longest, word) => (word.length > longest.length ? word : longest), ""),
    upperCase: text.toUpperCase(),
  };
}
