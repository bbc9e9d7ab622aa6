import {
  type DescExtension,
  type DescField,
  type DescMessage,
  getExtension,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { type ReflectList, type ReflectMap, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { TextContext } from "./context.js";
import { enumValueText, scalarText } from "./literal.js";

/** An option's name and value, as they are written. */
export type Option = readonly [name: string, value: string];

/**
 * Returns the options that are set in an options message. Custom options are included if their extensions are known.
 */
export function optionsOf(context: TextContext, schema: DescMessage, options: Message | undefined): Option[] {
  if (options === undefined) {
    return [];
  }
  const all: Option[] = [];
  for (const [name, field, value] of fieldsSet(context, schema, options, (extension) => `(${extension})`)) {
    if (name === "features") {
      const features = (value as ReflectMessage).message;
      all.push(
        ...optionsOf(context, (value as ReflectMessage).desc, features).map(([n, v]): Option => [`features.${n}`, v]),
      );
    } else if (schema.typeName === "google.protobuf.FeatureSet" && field.fieldKind === "message") {
      // Compilers accept language features only one at a time.
      const { desc, message } = value as ReflectMessage;
      all.push(...optionsOf(context, desc, message).map(([n, v]): Option => [`${name}.${n}`, v]));
    } else if (name !== "uninterpreted_option") {
      all.push(...valuesOf(context, field, value).map((text): Option => [name, text]));
    }
  }
  return all;
}

/** Returns options as statements, as files, messages and methods have them. */
export function optionStatements(context: TextContext, schema: DescMessage, options: Message | undefined): string[] {
  return optionsOf(context, schema, options).map(([name, value]) => `option ${name} = ${value};`);
}

/** Returns options in brackets, as fields and enum values have them. */
export function optionsInBrackets(options: readonly Option[]): string {
  return options.length === 0 ? "" : ` [${options.map(([name, value]) => `${name} = ${value}`).join(", ")}]`;
}

type Value = unknown;

function* fieldsSet(
  context: TextContext,
  schema: DescMessage,
  message: Message,
  extensionName: (name: string) => string,
): Iterable<[name: string, field: DescField | DescExtension, value: Value]> {
  const reflected = reflect(schema, message);
  for (const field of schema.fields) {
    if (reflected.isSet(field)) {
      yield [field.name, field, reflected.get(field)];
    }
  }
  const numbers = new Set(message.$unknown?.map(({ no }) => no));
  for (const number of numbers) {
    const extension = context.registry.getExtensionFor(schema, number);
    if (extension !== undefined) {
      yield [extensionName(context.extension(extension)), extension, extensionValue(message, extension)];
    }
  }
}

/** Returns an extension's value in the form in which protobuf-es' reflection returns a field's. */
function extensionValue(message: Message, extension: DescExtension): Value {
  const value = getExtension(message, extension) as Value;
  if (extension.fieldKind === "message") {
    return reflect(extension.message, value as Message);
  }
  if (extension.fieldKind === "list" && extension.listKind === "message") {
    return (value as Message[]).map((item) => reflect(extension.message, item));
  }
  return value;
}

/** Returns the values of a field; a repeated field may have several. */
function valuesOf(context: TextContext, field: DescField | DescExtension, value: Value): string[] {
  switch (field.fieldKind) {
    case "list":
      return [...(value as ReflectList | unknown[])].map((item) => singleText(context, field, item));
    case "map":
      return [...(value as ReflectMap)].map(
        ([key, item]) => `{ key: ${scalarText(field.mapKey, key)} value: ${singleText(context, field, item)} }`,
      );
    default:
      return [singleText(context, field, value)];
  }
}

function singleText(context: TextContext, field: DescField | DescExtension, value: Value): string {
  if (field.message !== undefined) {
    return messageLiteral(context, value as ReflectMessage);
  }
  return field.enum === undefined
    ? scalarText(field.scalar ?? ScalarType.STRING, value)
    : enumValueText(field.enum, value as number);
}

/** Returns a message in protobuf's text format, https://protobuf.dev/reference/protobuf/textformat-spec. */
function messageLiteral(context: TextContext, { desc, message }: ReflectMessage): string {
  const parts: string[] = [];
  for (const [name, field, value] of fieldsSet(context, desc, message, (extension) => `[${extension}]`)) {
    parts.push(...valuesOf(context, field, value).map((text) => `${name}: ${text}`));
  }
  return parts.length === 0 ? "{}" : `{ ${parts.join(" ")} }`;
}
