import {
  type DescriptorProto,
  ExtensionRangeOptionsSchema,
  type FieldDescriptorProto,
  MessageOptionsSchema,
  OneofOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { eitherOf } from "./comments.js";
import { block, statement, type TextContext } from "./context.js";
import { enumText, visibilityText } from "./enum-text.js";
import { extensionBlocks } from "./extension-text.js";
import { fieldHead, isGroup, isInOneof } from "./field-text.js";
import { optionStatements, optionsInBrackets, optionsOf } from "./options-text.js";
import { type Range, rangeText, reservedText } from "./ranges.js";

/** The largest field number, and the largest one in a message set. A range writes both as `max`. */
const max = 2 ** 29 - 1;
const maxInSet = 2 ** 31 - 2;

/** @param scope the package, or the full name of the message that contains this one. */
export function messageText(
  context: TextContext,
  message: DescriptorProto,
  path: readonly number[],
  scope: string,
): string[] {
  const head = `${visibilityText(message.visibility)}message ${message.name}`;
  return block(context.comments(path), head, messageBody(context, message, path, scope));
}

/** Writes a field, with the group that it declares if it is one. */
export function fieldText(
  context: TextContext,
  field: FieldDescriptorProto,
  path: readonly number[],
  scope: string,
  entry: Nested | undefined,
): string[] {
  const comments = context.comments(path);
  if (entry === undefined || !isGroup(field)) {
    return statement(comments, `${fieldHead(context, field, scope, entry?.message)};`);
  }
  const body = messageBody(context, entry.message, entry.path, scope);
  return block(eitherOf(comments, context.comments(entry.path)), fieldHead(context, field, scope, undefined), body);
}

/** A message that a field declares implicitly: a group or a map entry. Its path is its position in the file. */
export interface Nested {
  readonly message: DescriptorProto;
  readonly path: readonly number[];
}

function messageBody(context: TextContext, message: DescriptorProto, path: readonly number[], outer: string): string[] {
  const scope = outer === "" ? message.name : `${outer}.${message.name}`;
  const isSet = message.options?.messageSetWireFormat === true;
  const most = isSet ? maxInSet : max;
  const parts = new BodyParts(context, message, path, scope);
  return [
    ...optionStatements(context, MessageOptionsSchema, message.options),
    ...reservedText(context, message.reservedRange.map(inclusive), message.reservedName, most),
    ...message.extensionRange.map(({ options, ...range }) => {
      const written = optionsInBrackets(optionsOf(context, ExtensionRangeOptionsSchema, options));
      return `extensions ${rangeText(inclusive(range), most)}${written};`;
    }),
    ...message.enumType.flatMap((type, index) => enumText(context, type, [...path, 4, index])),
    ...parts.nestedAndFields(),
  ];
}

function inclusive({ start, end }: { start: number; end: number }): Range {
  return { first: start, last: end - 1 };
}

/**
 * The nested messages, fields and extensions of a message. Each kind keeps its order. Maps and groups are fields that
 * declare nested messages, so all fields up to such a field come before the nested messages that follow it.
 */
class BodyParts {
  #fieldsDone = 0;
  #extensionsDone = 0;
  readonly #oneofsDone = new Set<number>();
  readonly #declared = new Map<string, Nested>();

  constructor(
    private readonly context: TextContext,
    private readonly message: DescriptorProto,
    private readonly path: readonly number[],
    private readonly scope: string,
  ) {
    for (const [index, nested] of message.nestedType.entries()) {
      this.#declared.set(`.${scope}.${nested.name}`, { message: nested, path: [...path, 3, index] });
    }
  }

  nestedAndFields(): string[] {
    const { nestedType, field, extension } = this.message;
    const lines: string[] = [];
    for (const [index, nested] of nestedType.entries()) {
      const typeName = `.${this.scope}.${nested.name}`;
      const declares = (one: FieldDescriptorProto) =>
        one.typeName === typeName && (isGroup(one) || nested.options?.mapEntry === true);
      const byField = field.findIndex(declares);
      const byExtension = extension.findIndex(declares);
      if (byField >= 0) {
        lines.push(...this.#fields(byField + 1));
      } else if (byExtension >= 0) {
        lines.push(...this.#extensions(byExtension + 1));
      } else {
        lines.push(...messageText(this.context, nested, [...this.path, 3, index], this.scope));
      }
    }
    return [...lines, ...this.#fields(field.length), ...this.#extensions(extension.length)];
  }

  #fields(end: number): string[] {
    const lines: string[] = [];
    for (; this.#fieldsDone < end; this.#fieldsDone++) {
      const field = this.message.field[this.#fieldsDone] as FieldDescriptorProto;
      if (!isInOneof(field)) {
        lines.push(...this.#field(field, this.#fieldsDone));
      } else if (!this.#oneofsDone.has(field.oneofIndex)) {
        this.#oneofsDone.add(field.oneofIndex);
        lines.push(...this.#oneof(field.oneofIndex));
      }
    }
    return lines;
  }

  #oneof(index: number): string[] {
    const { field, oneofDecl } = this.message;
    const oneof = oneofDecl[index];
    const fields = field.flatMap((one, at) => (isInOneof(one) && one.oneofIndex === index ? this.#field(one, at) : []));
    const options = optionStatements(this.context, OneofOptionsSchema, oneof?.options);
    const comments = this.context.comments([...this.path, 8, index]);
    return block(comments, `oneof ${oneof?.name ?? index}`, [...options, ...fields]);
  }

  #field(field: FieldDescriptorProto, index: number): string[] {
    const nested = this.#declared.get(field.typeName);
    const declared = isGroup(field) || nested?.message.options?.mapEntry ? nested : undefined;
    return fieldText(this.context, field, [...this.path, 2, index], this.scope, declared);
  }

  #extensions(end: number): string[] {
    const from = this.#extensionsDone;
    this.#extensionsDone = Math.max(from, end);
    const written = this.message.extension.slice(from, end).map((extension, index) => ({
      extension,
      lines: fieldText(
        this.context,
        extension,
        [...this.path, 6, from + index],
        this.scope,
        isGroup(extension) ? this.#declared.get(extension.typeName) : undefined,
      ),
    }));
    return extensionBlocks(this.context, written, this.scope);
  }
}
