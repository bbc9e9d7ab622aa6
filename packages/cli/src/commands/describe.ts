import type { DescEnum, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { connectTo } from "../connection.js";
import { chooseSource } from "../descriptors/choose.js";
import { allServices, endsWithName } from "../descriptors/find-method.js";
import { serviceJson, typeJson } from "../descriptors/proto-json.js";
import { methodText, protoText, typesUsedBy } from "../descriptors/proto-text.js";
import { type DescriptorSource, isInfrastructure, type NamedType } from "../descriptors/source.js";
import { Failure, usage } from "../failure.js";
import type { DescribeFlags } from "../grammar/describe.js";
import { didYouMean, nearest } from "../suggest.js";
import { print, printJson } from "../terminal/output.js";
import { printable } from "../terminal/printable.js";
import { coloredProto } from "../terminal/proto-colors.js";

export async function describe(socket: string, name: string | undefined, flags: DescribeFlags): Promise<void> {
  await using connection = connectTo(socket, flags);
  await using source = await chooseSource(connection, flags);
  const shown = name === undefined ? await offeredServices(source) : await find(source, name);
  const used = name === undefined ? [] : typesUsedBy(...shown.flatMap(partsOf));
  const all = [...shown.filter((desc) => desc.kind === "service" || desc.kind === "rpc"), ...used];
  if (flags.json) {
    printJson({
      services: all.filter((desc) => desc.kind === "service" || desc.kind === "rpc").map(serviceJson),
      types: all.filter((desc) => desc.kind === "message" || desc.kind === "enum").map(typeJson),
    });
  } else {
    print(coloredProto(proto(all).map(printable).join("\n")));
  }
}

type Shown = NamedType | DescMethod;

/** What the server is there for; what every server has is shown when it is asked for by its name. */
async function offeredServices(source: DescriptorSource): Promise<Shown[]> {
  const services = await allServices(source);
  if (services.length === 0) {
    throw new Failure("failed", `${source.origin} describes no service`);
  }
  const offered = services.filter(({ typeName }) => !isInfrastructure(typeName));
  return offered.length > 0 ? offered : services;
}

async function find(source: DescriptorSource, text: string): Promise<Shown[]> {
  const name = text.replace(/^\//, "").replaceAll("/", ".");
  const services = await allServices(source);
  const exact = await source.find(name);
  const types = [...source.registry].filter((type): type is NamedType => type.kind !== "extension");
  const named: [string, Shown][] = [
    ...types.map((type): [string, Shown] => [type.typeName, type]),
    ...services
      .flatMap(({ methods }) => methods)
      .map((method): [string, Shown] => [`${method.parent.typeName}.${method.name}`, method]),
  ];
  const found = exact === undefined ? named.filter(([full]) => endsWithName(full, name)) : [[name, exact] as const];
  if (found.length === 0) {
    const parts = name.split(".").length;
    const ends = named.map(([full]) => full.split(".").slice(-parts).join("."));
    throw usage(`there is no ${text} at ${source.origin}${didYouMean(nearest(name, ends))}`);
  }
  return found.map(([, desc]) => desc);
}

function partsOf(desc: Shown): (DescMessage | DescEnum)[] {
  switch (desc.kind) {
    case "service":
      return desc.methods.flatMap(partsOf);
    case "rpc":
      return [desc.input, desc.output];
    default:
      return [desc];
  }
}

/** One after the other; where the package changes, a line says so. */
function proto(all: readonly Shown[]): string[] {
  const lines: string[] = [];
  let current: string | undefined;
  for (const desc of all) {
    const { package: name } = (desc.kind === "rpc" ? desc.parent : desc).file.proto;
    if (lines.length > 0) {
      lines.push("");
    }
    if (name !== current) {
      lines.push(`package ${name};`, "");
      current = name;
    }
    lines.push(...(desc.kind === "rpc" ? withinService(desc) : protoText(desc)));
  }
  return lines;
}

function withinService(method: DescMethod): string[] {
  return [`service ${method.parent.name} {`, ...methodText(method).map((line) => `  ${line}`), "}"];
}
