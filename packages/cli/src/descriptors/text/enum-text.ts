import {
  type EnumDescriptorProto,
  EnumOptionsSchema,
  EnumValueOptionsSchema,
  SymbolVisibility,
} from "@bufbuild/protobuf/wkt";
import { block, statement, type TextContext } from "./context.js";
import { optionStatements, optionsInBrackets, optionsOf } from "./options-text.js";
import { reservedText } from "./ranges.js";

/** The largest value of an enum, which a range writes as `max`. */
const max = 2 ** 31 - 1;

export function enumText(context: TextContext, type: EnumDescriptorProto, path: readonly number[]): string[] {
  const values = type.value.flatMap((value, index) => {
    const options = optionsInBrackets(optionsOf(context, EnumValueOptionsSchema, value.options));
    return statement(context.comments([...path, 2, index]), `${value.name} = ${value.number}${options};`);
  });
  const ranges = type.reservedRange.map(({ start, end }) => ({ first: start, last: end }));
  return block(context.comments(path), `${visibilityText(type.visibility)}enum ${type.name}`, [
    ...optionStatements(context, EnumOptionsSchema, type.options),
    ...values,
    ...reservedText(context, ranges, type.reservedName, max),
  ]);
}

/** Returns the keyword for the visibility of a type in other files, which exists since edition 2024. */
export function visibilityText(visibility: SymbolVisibility): string {
  switch (visibility) {
    case SymbolVisibility.VISIBILITY_EXPORT:
      return "export ";
    case SymbolVisibility.VISIBILITY_LOCAL:
      return "local ";
    default:
      return "";
  }
}
