import { type DescField, ScalarType } from "@bufbuild/protobuf";

export const WireType = { VARINT: 0, BIT64: 1, LENGTH_DELIMITED: 2, BIT32: 5 } as const;
export type WireType = (typeof WireType)[keyof typeof WireType];

export function wireTypeOf(field: Pick<Partial<DescField>, "message" | "enum" | "scalar">): WireType {
  if (field.message !== undefined) {
    return WireType.LENGTH_DELIMITED;
  }
  switch (field.enum === undefined ? field.scalar : ScalarType.INT32) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LENGTH_DELIMITED;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.BIT64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.BIT32;
    default:
      return WireType.VARINT;
  }
}
