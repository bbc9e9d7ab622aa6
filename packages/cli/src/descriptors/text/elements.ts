/** The top-level declarations of a file: services, messages, enums, extensions. */
import type {
  DescEnum,
  DescExtension,
  DescFile,
  DescMessage,
  DescMethod,
  DescService,
  Registry,
} from "@bufbuild/protobuf";
import type { TextContext } from "./context.js";
import { enumText } from "./enum-text.js";
import { isGroup } from "./field-text.js";
import { fieldText, messageText } from "./message-text.js";
import { serviceText } from "./service-text.js";

export type Element = DescService | DescMessage | DescEnum | DescExtension;

/** Returns the top-level declaration that contains this one. A group is declared by its extension. */
export function elementOf(desc: Element | DescMethod): Element {
  switch (desc.kind) {
    case "service":
      return desc;
    case "rpc":
      return desc.parent;
    case "extension":
    case "enum":
      return desc.parent === undefined ? desc : elementOf(desc.parent);
    case "message":
      return desc.parent === undefined ? (declaredBy(desc) ?? desc) : elementOf(desc.parent);
  }
}

/**
 * Returns all top-level declarations of a file, in an order in which they can be written. The message of a group that
 * an extension declares is written with that extension.
 */
export function elementsOf(file: DescFile): Element[] {
  const { services, enums, messages, extensions } = file;
  const mixed: Element[] = [];
  let extensionsDone = 0;
  for (const message of messages) {
    const owner = declaredBy(message);
    if (owner === undefined) {
      mixed.push(message);
    } else {
      const end = extensions.indexOf(owner) + 1;
      mixed.push(...extensions.slice(extensionsDone, end));
      extensionsDone = Math.max(extensionsDone, end);
    }
  }
  return [...services, ...enums, ...mixed, ...extensions.slice(extensionsDone)];
}

/** Returns the extension that declares this message as its group. */
function declaredBy(message: DescMessage): DescExtension | undefined {
  return message.file.extensions.find(({ proto }) => isGroup(proto) && proto.typeName === `.${message.typeName}`);
}

/** @param methods the methods to write, if the element is a service. */
export function elementText(context: TextContext, element: Element, methods: ReadonlySet<DescMethod>): string[] {
  const { proto: file } = context.file;
  switch (element.kind) {
    case "service": {
      const shown = new Set([...methods].map(({ proto }) => proto));
      return serviceText(context, element.proto, [6, file.service.indexOf(element.proto)], (one) => shown.has(one));
    }
    case "message":
      return messageText(context, element.proto, [4, file.messageType.indexOf(element.proto)], file.package);
    case "enum":
      return enumText(context, element.proto, [5, file.enumType.indexOf(element.proto)]);
    case "extension": {
      const index = isGroup(element.proto)
        ? file.messageType.findIndex(
            ({ name }) => `.${context.file.proto.package}.${name}`.replace("..", ".") === element.proto.typeName,
          )
        : -1;
      const message = file.messageType[index];
      const group = message === undefined ? undefined : { message, path: [4, index] };
      return fieldText(context, element.proto, [7, file.extension.indexOf(element.proto)], file.package, group);
    }
  }
}

/** Returns, for each top-level declaration, those that extend a message within it. */
export function extendersIn(registry: Registry): ReadonlyMap<Element, ReadonlySet<Element>> {
  const extenders = new Map<Element, Set<Element>>();
  for (const type of registry) {
    if (type.kind === "extension") {
      const extended = elementOf(type.extendee);
      extenders.set(extended, (extenders.get(extended) ?? new Set()).add(elementOf(type)));
    }
  }
  return extenders;
}
