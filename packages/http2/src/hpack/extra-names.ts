import { fieldProblem, isFieldValue, isPseudo } from "../field-rules.js";
import { isSecret } from "./indexing.js";
import { staticNameIndex } from "./static-table.js";

/** What is known about the name of a field that accompanies a prepared block. */
export interface ExtraName {
  readonly isSecret: boolean;
  readonly staticIndex: number;
}

/** The number of names that are remembered. A caller that makes up new names all the time does not benefit from it. */
const MAX_NAMES = 256;

/**
 * Checks the fields that accompany prepared blocks. They come with every message, so each name is checked only once.
 */
export class ExtraNames {
  private readonly names = new Map<string, ExtraName>();

  /** Checks fields. @throws TypeError for fields that RFC 9113 §8.2 forbids */
  check(fields: readonly string[]): void {
    if (fields.length % 2 !== 0) throw new TypeError(`field list of ${fields.length} strings: a value is missing`);
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i]!;
      const value = fields[i + 1]!;
      if (!this.names.has(name)) this.learn(name);
      if (isFieldValue(value) && (name !== "te" || value === "trailers")) continue;
      throw new TypeError(fieldProblem(name, value) ?? `field ${name} is not allowed`);
    }
  }

  /** Returns what is known about a name that has been checked. */
  get(name: string): ExtraName {
    return this.names.get(name) ?? this.learn(name);
  }

  private learn(name: string): ExtraName {
    if (isPseudo(name)) throw new TypeError(`pseudo-header field ${name} is not allowed in extra fields`);
    const problem = name === "te" ? null : fieldProblem(name, "");
    if (problem !== null) throw new TypeError(problem);
    if (this.names.size >= MAX_NAMES) this.names.clear();
    const known = { isSecret: isSecret(name), staticIndex: staticNameIndex(name) };
    this.names.set(name, known);
    return known;
  }
}
