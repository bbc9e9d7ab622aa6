import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Message,
  type Registry,
} from "@bufbuild/protobuf";
import { didYouMean, nearest } from "../terminal/suggest.js";
import { invalidMessage } from "./invalid-message.js";
import { isObject } from "./json-object.js";

/**
 * Builds a message from JSON.
 *
 * @param where how error messages name the JSON: "the request", "request 3".
 * @throws {Failure} that names the invalid field by its path (`items[2].price`), and the reason.
 */
export function parseMessage(desc: DescMessage, json: JsonValue, registry: Registry, where: string): Message {
  try {
    return fromJson(desc, json, { registry });
  } catch (error) {
    const fault = tooDeep(error) ?? findFault(desc, json, registry, "") ?? { path: "", reason: reasonOf(error) };
    throw invalidMessage(where, desc, fault.path, fault.reason);
  }
}

interface Fault {
  readonly path: string;
  readonly reason: string;
}

/** If messages are nested too deeply, the path of the field is left out, as it would fill a page. */
function tooDeep(error: unknown): Fault | undefined {
  const [, limit] = /maximum recursion depth of (\d+)/.exec(reasonOf(error)) ?? [];
  return limit === undefined ? undefined : { path: "", reason: `it is nested more than ${limit} messages deep` };
}

/**
 * Finds the invalid field by parsing one part at a time: the errors of protobuf-es name a field and its message, and
 * not the path.
 */
function findFault(desc: DescMessage, json: JsonValue, registry: Registry, path: string): Fault | undefined {
  const problem = problemWith(desc, json, registry);
  if (problem === undefined) {
    return undefined;
  }
  if (!isObject(json) || desc.typeName.startsWith("google.protobuf.")) {
    return { path, reason: problem };
  }
  for (const [key, value] of Object.entries(json)) {
    const here = path === "" ? key : `${path}.${key}`;
    const field = desc.fields.find(({ jsonName, name }) => jsonName === key || name === key);
    if (field === undefined) {
      if (problemWith(desc, { [key]: value }, registry) !== undefined) {
        const names = desc.fields.map(({ jsonName }) => jsonName);
        return { path: here, reason: `no such field${didYouMean(nearest(key, names))}` };
      }
      continue; // the key of an extension, in brackets
    }
    const fault = findFaultInField(desc, { field, key, value, path: here }, registry);
    if (fault !== undefined) {
      return fault;
    }
  }
  return { path, reason: problem };
}

/** A field as it stands in the JSON. */
interface Entry {
  readonly field: DescField;
  readonly key: string;
  readonly value: JsonValue;
  readonly path: string;
}

function findFaultInField(
  desc: DescMessage,
  { field, key, value, path }: Entry,
  registry: Registry,
): Fault | undefined {
  const problem = problemWith(desc, { [key]: value }, registry);
  if (problem === undefined) {
    return undefined;
  }
  for (const [part, partPath, alone] of partsOf(field, value, path)) {
    if (field.message !== undefined) {
      const fault = findFault(field.message, part, registry, partPath);
      if (fault !== undefined) {
        return fault;
      }
    }
    const partProblem = problemWith(desc, { [key]: alone }, registry);
    if (partProblem !== undefined) {
      return { path: partPath, reason: explain(field, part, partProblem) };
    }
  }
  return { path, reason: explain(field, value, problem) };
}

/** Yields the values in a field: each with its path, and with the field's JSON if it were the only value. */
function* partsOf(field: DescField, value: JsonValue, path: string): Iterable<[JsonValue, string, JsonValue]> {
  if (field.fieldKind === "list" && Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield [item, `${path}[${index}]`, [item]];
    }
  } else if (field.fieldKind === "map" && isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      yield [item, `${path}[${JSON.stringify(key)}]`, { [key]: item }];
    }
  } else if (field.fieldKind === "message") {
    yield [value, path, value];
  }
}

function explain(field: DescField, value: JsonValue, problem: string): string {
  if (field.enum !== undefined && typeof value === "string") {
    const names = field.enum.values.map(({ name }) => name);
    const meant = nearest(value, names);
    const hint = meant === undefined ? `: one of ${names.join(", ")}` : didYouMean(meant);
    return `${field.enum.typeName} has no value ${value}${hint}`;
  }
  return problem;
}

function problemWith(desc: DescMessage, json: JsonValue, registry: Registry): string | undefined {
  try {
    fromJson(desc, json, { registry });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Returns the reason from "cannot decode field a.B.c from JSON: expected …", since the path names the field. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^cannot decode .*? from JSON:? /, "").replace(/^list item #\d+: |^map entry "[^"]*": /, "");
}
