import type { DescMethod } from "@bufbuild/protobuf";
import { chooseSource } from "../../descriptors/choose.js";
import { allServices, endsWithName } from "../../descriptors/find-method.js";
import { type DescriptorSource, isInfrastructure } from "../../descriptors/source.js";
import type { Element } from "../../descriptors/text/elements.js";
import { type ProtoFile, protoFilesOf, wholeProtoFilesOf } from "../../descriptors/text/proto-files.js";
import { Failure, usage } from "../../failure.js";
import { connectTo } from "../../server/connection.js";
import { print, printJson } from "../../terminal/output.js";
import { printable } from "../../terminal/printable.js";
import { coloredProto } from "../../terminal/proto-colors.js";
import { didYouMean, nearest } from "../../terminal/suggest.js";
import type { DescribeFlags } from "./flags.js";
import { serviceJson, typeJson } from "./proto-json.js";
import { writeProtoFiles } from "./write-proto-files.js";

type Root = Element | DescMethod;

export async function run(socket: string, name: string | undefined, flags: DescribeFlags): Promise<void> {
  await using connection = connectTo(socket, flags);
  await using source = await chooseSource(connection, flags);
  const found = name === undefined ? await offeredServices(source) : await find(source, name);
  const roots = found.map((root) => latest(root, source));
  if (flags.out !== undefined) {
    const written = await writeProtoFiles(flags.out, wholeProtoFilesOf(source.registry, roots));
    if (flags.json) {
      printJson({ out: flags.out, written });
    } else {
      print(`${flags.out}: ${written.length} written`);
    }
    return;
  }
  const { elements, files } = protoFilesOf(source.registry, roots);
  if (flags.json) {
    printJson({
      services: roots.filter((desc) => desc.kind === "service" || desc.kind === "rpc").map(serviceJson),
      types: elements.filter((desc) => desc.kind === "message" || desc.kind === "enum").map(typeJson),
    });
  } else {
    print(coloredProto(shownText(files).map(printable).join("\n")));
  }
}

/**
 * Each reflection request that finds new files builds a new registry, so a descriptor that was found earlier may be of
 * an older registry. Returns its latest version.
 */
function latest(root: Root, { registry }: DescriptorSource): Root {
  if (root.kind === "rpc") {
    return registry.getService(root.parent.typeName)?.methods.find(({ name }) => name === root.name) ?? root;
  }
  return registry.get(root.typeName) ?? root;
}

/** Returns the text of the files. If there are several, each begins with its name in a comment. */
function shownText(files: readonly ProtoFile[]): string[] {
  return files.flatMap(({ name, lines }, index) => [
    ...(index > 0 ? ["", ""] : []),
    ...(files.length > 1 ? [`// ${name}`, ""] : []),
    ...lines,
  ]);
}

/**
 * Returns the services without the infrastructure that every server has (health, reflection, stats). Those are
 * described when they are asked for by name.
 */
async function offeredServices(source: DescriptorSource): Promise<Root[]> {
  const services = await allServices(source);
  if (services.length === 0) {
    throw new Failure("failed", `${source.origin} describes no services`);
  }
  const offered = services.filter(({ typeName }) => !isInfrastructure(typeName));
  return offered.length > 0 ? offered : services;
}

async function find(source: DescriptorSource, text: string): Promise<Root[]> {
  const name = text.replace(/^\//, "").replaceAll("/", ".");
  const services = await allServices(source);
  const exact = (await source.find(name)) ?? source.registry.get(name);
  const named: [string, Root][] = [
    ...[...source.registry].map((type): [string, Root] => [type.typeName, type]),
    ...services
      .flatMap(({ methods }) => methods)
      .map((method): [string, Root] => [`${method.parent.typeName}.${method.name}`, method]),
  ];
  const found = exact === undefined ? named.filter(([full]) => endsWithName(full, name)) : [[name, exact] as const];
  if (found.length === 0) {
    const parts = name.split(".").length;
    const ends = named.map(([full]) => full.split(".").slice(-parts).join("."));
    throw usage(`there is no ${text} at ${source.origin}${didYouMean(nearest(name, ends))}`);
  }
  return found.map(([, desc]) => desc);
}
