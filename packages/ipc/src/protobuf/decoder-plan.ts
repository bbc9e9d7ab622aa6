import { create, type DescField, type DescMessage, type Message, protoInt64, ScalarType } from "@bufbuild/protobuf";
import { blankBytesOf } from "./message-cost.js";
import { WireType, wireTypeOf } from "./wire-type.js";

export type Fields = Record<string, unknown>;

/** The plan for creating and reading the messages of one type. */
export interface Plan {
  /** The shape of a message without any field set. */
  readonly shape: Shape;
  shapes: number;
  /** Whether messages may get properties that they do not have initially, which a shape can anticipate. */
  hasLate: boolean;
  /** The properties that every message has and that two messages must not share. */
  readonly lists: readonly string[];
  readonly maps: readonly string[];
  readonly oneofs: readonly string[];
  /**
   * The fields by tag: those with a tag of one byte, and the others. Fields that the decoder does not support are in
   * neither.
   */
  readonly byTag: (FieldPlan | undefined)[];
  readonly byLongTag: Map<number, FieldPlan>;
  /** The memory of a message without any field set, in bytes. */
  readonly blankBytes: number;
  /** The numbers of all fields, including those that the decoder does not support. All other fields are unknown. */
  readonly numbers: ReadonlySet<number>;
}

/**
 * A template that messages with the same properties are copied from, including the properties that they get while they
 * are read: adding a property to a copy takes V8 ten times as long as setting an existing one.
 */
export interface Shape {
  readonly blank: Fields;
  readonly copy: (blank: Fields) => Fields;
  /** The shapes with one more field. */
  readonly next: Map<FieldPlan, Shape>;
}

/** The type of a value: a scalar, or one of these, which have the numbers of FieldDescriptorProto. */
export const MESSAGE = 11;
export const ENUM = 14;

export interface ValuePlan {
  readonly type: ScalarType | typeof MESSAGE | typeof ENUM;
  readonly wireType: WireType;
  /** The plan of a message's type. */
  readonly plan: Plan | undefined;
  /** The values of a closed enum. */
  readonly known: ReadonlySet<number> | undefined;
  /** The default of a map's key or value that is absent. */
  readonly zero: unknown;
}

/** Where a value is stored. */
export const FieldKind = { SCALAR: 0, MESSAGE: 1, ONEOF: 2, LIST: 3, PACKED: 4, MAP: 5 } as const;

export interface FieldPlan {
  readonly kind: (typeof FieldKind)[keyof typeof FieldKind];
  readonly name: string;
  readonly oneof: string;
  readonly wireType: WireType;
  /** Whether messages have no such property until the field is read. */
  readonly isLate: boolean;
  readonly value: ValuePlan;
  /** The plan of a map's keys. */
  readonly key: ValuePlan | undefined;
}

const plans = new WeakMap<DescMessage, Plan>();

export function planOf(type: DescMessage): Plan {
  const before = plans.get(type);
  if (before !== undefined) {
    return before;
  }
  const plan: Plan = {
    shape: createShape(create(type) as Fields & Message),
    shapes: 1,
    hasLate: false,
    lists: type.fields.filter(({ fieldKind }) => fieldKind === "list").map(({ localName }) => localName),
    maps: type.fields.filter(({ fieldKind }) => fieldKind === "map").map(({ localName }) => localName),
    oneofs: type.oneofs.map(({ localName }) => localName),
    byTag: new Array(0x100).fill(undefined),
    byLongTag: new Map(),
    blankBytes: blankBytesOf(type),
    numbers: new Set(type.fields.map(({ number }) => number)),
  };
  plans.set(type, plan);
  for (const field of type.fields) {
    addField(plan, field);
  }
  return plan;
}

function addField(plan: Plan, field: DescField): void {
  const value = valuePlan(field);
  const key = field.fieldKind === "map" ? scalarPlan(field.mapKey) : undefined;
  if (value === undefined) {
    return;
  }
  const { localName: name } = field;
  const oneof = field.oneof?.localName ?? "";
  const { blank, copy } = plan.shape;
  const isLate = oneof === "" && !Object.hasOwn(blank, name) && copy !== copyWithPrototype;
  plan.hasLate ||= isLate;
  const add = (kind: FieldPlan["kind"], wireType: WireType) => {
    const tag = (field.number << 3) | wireType;
    const own: FieldPlan = { kind, name, oneof, wireType, isLate, value, key };
    if (tag >>> 0 < 0x80) {
      plan.byTag[tag] = own;
    } else {
      plan.byLongTag.set(tag, own);
    }
  };
  const { wireType } = value;
  if (field.fieldKind === "map") {
    if (key !== undefined) {
      add(FieldKind.MAP, WireType.LENGTH_DELIMITED);
    }
  } else if (field.fieldKind === "list") {
    add(FieldKind.LIST, wireType);
    if (wireType !== WireType.LENGTH_DELIMITED) {
      add(FieldKind.PACKED, WireType.LENGTH_DELIMITED); // both forms must be read, whichever is written
    }
  } else if (field.oneof !== undefined) {
    add(FieldKind.ONEOF, wireType);
  } else {
    add(field.message === undefined ? FieldKind.SCALAR : FieldKind.MESSAGE, wireType);
  }
}

/** Returns the plan of a field's values; undefined if the decoder does not support them. */
function valuePlan(field: DescField): ValuePlan | undefined {
  if (field.scalar !== undefined) {
    return "longAsString" in field && field.longAsString ? undefined : scalarPlan(field.scalar);
  }
  const wireType = wireTypeOf(field);
  if (field.enum !== undefined) {
    const { open, values } = field.enum;
    const known = open ? undefined : new Set(values.map(({ number }) => number));
    return { type: ENUM, wireType, plan: undefined, known, zero: values[0]?.number };
  }
  if (field.message === undefined || field.delimitedEncoding || specialTypes.test(field.message.typeName)) {
    return undefined;
  }
  return { type: MESSAGE, wireType, plan: planOf(field.message), known: undefined, zero: undefined };
}

/** Wrappers, Struct and its parts, which protobuf-es does not represent as messages. */
const specialTypes = /^google\.protobuf\.(Struct|\w*Value)$/;

function scalarPlan(type: ScalarType): ValuePlan | undefined {
  const zero = zeroOf(type);
  if (typeof zero === "bigint" && !protoInt64.supported) {
    return undefined; // they are strings then
  }
  return { type, wireType: wireTypeOf({ scalar: type }), plan: undefined, known: undefined, zero };
}

function zeroOf(type: ScalarType): unknown {
  switch (type) {
    case ScalarType.STRING:
      return "";
    case ScalarType.BOOL:
      return false;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 0n;
    default:
      return 0;
  }
}

/** Creates a message as `create` does, except for late properties. */
export function blankOf({ lists, maps, oneofs }: Plan, { blank, copy }: Shape): Fields {
  const message = copy(blank);
  for (let i = 0; i < lists.length; i++) {
    message[lists[i] as string] = [];
  }
  for (let i = 0; i < maps.length; i++) {
    message[maps[i] as string] = {};
  }
  for (let i = 0; i < oneofs.length; i++) {
    message[oneofs[i] as string] = { case: undefined };
  }
  return message;
}

/** The maximum number of shapes of one type, since messages can have their fields in any order. */
const MAX_SHAPES = 32;

export function newShape(plan: Plan, shape: Shape, field: FieldPlan): Shape {
  if (Object.hasOwn(shape.blank, field.name)) {
    shape.next.set(field, shape);
    return shape;
  }
  if (plan.shapes === MAX_SHAPES) {
    return shape;
  }
  plan.shapes++;
  const next = createShape({ ...shape.blank, [field.name]: undefined });
  shape.next.set(field, next);
  return next;
}

function createShape(blank: Fields): Shape {
  const isPlain = Object.getPrototypeOf(blank) === Object.prototype;
  const copy = isPlain ? (copies[nextCopy++ % copies.length] as Shape["copy"]) : copyWithPrototype;
  return { blank, copy, next: new Map() };
}

/**
 * V8 optimizes each of these copying sites for up to four types of messages; other copies take several times as long.
 */
const copies: readonly ((blank: Fields) => Fields)[] = [
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
  (blank) => ({ ...blank }),
];
let nextCopy = 0;

/** Copies a message of proto2, which has its defaults in a prototype and few properties of its own. */
function copyWithPrototype(blank: Fields): Fields {
  return Object.assign(Object.create(Object.getPrototypeOf(blank)), blank);
}
