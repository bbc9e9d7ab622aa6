import {
  type MethodDescriptorProto,
  MethodOptionsSchema,
  type ServiceDescriptorProto,
  ServiceOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { block, statement, type TextContext } from "./context.js";
import { optionStatements } from "./options-text.js";

/** @param isShown whether a method is written. */
export function serviceText(
  context: TextContext,
  service: ServiceDescriptorProto,
  path: readonly number[],
  isShown: (method: MethodDescriptorProto) => boolean,
): string[] {
  const scope = [context.file.proto.package, service.name].filter((part) => part !== "").join(".");
  const methods = service.method.flatMap((method, index) =>
    isShown(method) ? methodText(context, method, [...path, 2, index], scope) : [],
  );
  const options = optionStatements(context, ServiceOptionsSchema, service.options);
  return block(context.comments(path), `service ${service.name}`, [...options, ...methods]);
}

function methodText(context: TextContext, method: MethodDescriptorProto, path: readonly number[], scope: string) {
  const { name, inputType, outputType, clientStreaming, serverStreaming } = method;
  const input = `${clientStreaming ? "stream " : ""}${context.nameOf(inputType, scope)}`;
  const output = `${serverStreaming ? "stream " : ""}${context.nameOf(outputType, scope)}`;
  const head = `rpc ${name}(${input}) returns (${output})`;
  const options = optionStatements(context, MethodOptionsSchema, method.options);
  const comments = context.comments(path);
  if (options.length === 0) {
    return statement(comments, method.options === undefined ? `${head};` : `${head} {}`);
  }
  const [only] = options;
  return options.length === 1 && comments.beside === "" && comments.below.length === 0
    ? statement(comments, `${head} { ${only} }`)
    : block(comments, head, options);
}
