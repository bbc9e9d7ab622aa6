import type { Command } from "commander";
import {
  addDescriptorFlags,
  addJsonFlag,
  addTrustFlag,
  type ConnectionFlags,
  type DescriptorFlags,
} from "../../grammar/flags.js";
import { examples, socketHelp } from "../../grammar/help.js";

export interface DescribeFlags extends ConnectionFlags, DescriptorFlags {
  readonly out?: string;
  readonly json?: boolean;
}

export function addDescribe(program: Command): Command {
  const command = program
    .command("describe")
    .summary("show what a server offers, as proto")
    .description(
      "Show a server's services, or one service, method, message, enum or extension, with all types that are used, as proto files that compile.",
    )
    .argument("<socket>", socketHelp)
    .argument("[name]", "a full name, or as much of its end as is enough: Service, Service.Method, Message");
  command.option("-o, --out <dir>", "write the whole proto files into this folder instead");
  addDescriptorFlags(command);
  addTrustFlag(command);
  addJsonFlag(command, "the same in JSON");
  examples(command, [
    ["describe my_module"],
    ["describe my_module BackendService"],
    ["describe my_module BackendService.GetStatus"],
    ["describe my_module DataRequest"],
    ["describe my_module --out proto", "to generate code from"],
  ]);
  return command;
}
