/**
 * The words that may complete a command line. The shells' scripts (completion/scripts.ts) ask for them with the hidden
 * command `__complete`, which gets all the words typed so far. Each line of its output is a candidate, followed by a
 * tab and a description if there is one. The lines `:files` and `:folders` tell the shell to complete file or folder
 * names itself.
 */
import type { Argument, Command, Option } from "commander";
import type { Candidate } from "./candidate.js";
import { type NameKind, serverNames } from "./server-names.js";
import { socketsFor } from "./sockets.js";
import { optionOf, type Typed, typedWords } from "./typed.js";

/** @param words all words after the program's name. The last one is being typed, and may be empty. */
export async function candidatesFor(program: Command, words: readonly string[]): Promise<Candidate[]> {
  const current = words.at(-1) ?? "";
  if (words.length < 2) {
    return startingWith(current, current.startsWith("-") ? flagsOf(program) : commandsOf(program));
  }
  if (words[0] === "help") {
    return words.length > 2 ? [] : startingWith(current, commandsOf(program));
  }
  const command = program.commands.find((one) => one.name() === words[0]);
  if (command === undefined) {
    return [];
  }
  const typed = typedWords(command, words.slice(1, -1));
  const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  if (flag !== undefined && value !== undefined) {
    const found = await valuesOf(optionOf(command, flag), value, typed);
    return found.map((one) => (one.value.startsWith(":") ? one : { ...one, value: `${flag}=${one.value}` }));
  }
  if (typed.pending !== undefined) {
    return valuesOf(typed.pending, current, typed);
  }
  if (current.startsWith("-") && !typed.isAfterDashes && current !== "-") {
    return startingWith(current, flagsOf(command));
  }
  return argumentsFor(argumentAt(command, typed.operands.length), current, typed);
}

function commandsOf(program: Command): Candidate[] {
  const shown = program.createHelp().visibleCommands(program);
  return shown.map((one) => ({ value: one.name(), about: one.summary() || one.description() }));
}

function flagsOf(command: Command): Candidate[] {
  const shown = command.createHelp().visibleOptions(command);
  return shown.flatMap(({ long, short, description }) =>
    [long, short].filter((flag) => flag != null).map((value) => ({ value, about: description })),
  );
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return command.registeredArguments[index] ?? (last?.variadic ? last : undefined);
}

async function argumentsFor(argument: Argument | undefined, current: string, typed: Typed): Promise<Candidate[]> {
  switch (argument?.name()) {
    case "socket":
      return socketsFor(current);
    case "method":
    case "name":
    case "service":
      return startingWith(current, await serverNames(typed, argument.name() as NameKind, current));
    case "dir":
      return [{ value: ":folders" }];
    case "request":
      return [{ value: ":files" }]; // `< file` needs file names; the shell completes `@file` by itself
    default:
      return startingWith(current, choices(argument?.argChoices));
  }
}

async function valuesOf(option: Option | undefined, current: string, typed: Typed): Promise<Candidate[]> {
  switch (option?.attributeName()) {
    case "proto":
    case "descriptorSet":
    case "html":
      return [{ value: ":files" }];
    case "importPath":
    case "out":
    case "packages":
      return [{ value: ":folders" }];
    case "service":
      return startingWith(current, await serverNames(typed, "service", current));
    default:
      return startingWith(current, choices(option?.argChoices));
  }
}

function choices(all: readonly string[] | undefined): Candidate[] {
  return (all ?? []).map((value) => ({ value }));
}

function startingWith(current: string, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(current));
}
