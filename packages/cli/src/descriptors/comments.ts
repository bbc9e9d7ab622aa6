import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescOneof,
  DescService,
} from "@bufbuild/protobuf";

type Described = DescService | DescMethod | DescMessage | DescField | DescOneof | DescEnum | DescEnumValue;

/** The comment above something, as lines of one. Compilers keep it (protoc with --include_source_info); servers rarely do. */
export function commentOf(desc: Described): string[] {
  const file = fileOf(desc);
  const comment = commentsOf(file).get(pathOf(desc).join("."));
  return comment === undefined ? [] : comment.replace(/\n$/, "").split("\n").map(asComment);
}

function asComment(line: string): string {
  return line.trim() === "" ? "//" : `//${line.startsWith(" ") ? "" : " "}${line.trimEnd()}`;
}

const known = new WeakMap<DescFile, Map<string, string>>();

function commentsOf(file: DescFile): Map<string, string> {
  let comments = known.get(file);
  if (comments === undefined) {
    const locations = file.proto.sourceCodeInfo?.location ?? [];
    comments = new Map(
      locations.filter((one) => one.leadingComments !== "").map((one) => [one.path.join("."), one.leadingComments]),
    );
    known.set(file, comments);
  }
  return comments;
}

function fileOf(desc: Described): DescFile {
  return "file" in desc ? desc.file : fileOf(desc.parent);
}

/** Field numbers and indices from the file down, as descriptor.proto describes them at SourceCodeInfo.Location. */
function pathOf(desc: Described): number[] {
  switch (desc.kind) {
    case "service":
      return [6, desc.file.services.indexOf(desc)];
    case "rpc":
      return [...pathOf(desc.parent), 2, desc.parent.methods.indexOf(desc)];
    case "message":
      return desc.parent === undefined
        ? [4, desc.file.proto.messageType.indexOf(desc.proto)]
        : [...pathOf(desc.parent), 3, desc.parent.proto.nestedType.indexOf(desc.proto)];
    case "field":
      return [...pathOf(desc.parent), 2, desc.parent.proto.field.indexOf(desc.proto)];
    case "oneof":
      return [...pathOf(desc.parent), 8, desc.parent.proto.oneofDecl.indexOf(desc.proto)];
    case "enum":
      return desc.parent === undefined
        ? [5, desc.file.proto.enumType.indexOf(desc.proto)]
        : [...pathOf(desc.parent), 4, desc.parent.proto.enumType.indexOf(desc.proto)];
    case "enum_value":
      return [...pathOf(desc.parent), 2, desc.parent.proto.value.indexOf(desc.proto)];
  }
}
