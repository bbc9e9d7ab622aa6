import type { Command, Option } from "commander";

/** The words of a command that precede the one being typed. */
export interface Typed {
  /** The words that are not options. */
  readonly operands: readonly string[];
  /** The values of options, by the options' attribute names. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** The option whose value is being typed. */
  readonly pending: Option | undefined;
  /** Whether `--` was typed, after which no word is an option. */
  readonly isAfterDashes: boolean;
}

export function typedWords(command: Command, words: readonly string[]): Typed {
  const operands: string[] = [];
  const values = new Map<string, string[]>();
  let pending: Option | undefined;
  let isAfterDashes = false;
  for (const word of words) {
    const [flag = word, ...value] = word.split("=");
    if (pending !== undefined) {
      values.set(pending.attributeName(), [...(values.get(pending.attributeName()) ?? []), word]);
      pending = undefined;
    } else if (isAfterDashes || !word.startsWith("-") || word === "-") {
      operands.push(word);
    } else if (word === "--") {
      isAfterDashes = true;
    } else {
      const option = optionOf(command, flag);
      const name = option?.attributeName() ?? "";
      if (value.length > 0) {
        values.set(name, [...(values.get(name) ?? []), value.join("=")]);
      } else if (option?.required) {
        pending = option;
      }
    }
  }
  return { operands, values, pending, isAfterDashes };
}

export function optionOf(command: Command, flag: string): Option | undefined {
  return command.options.find(({ long, short }) => flag === long || flag === short);
}
