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
    .summary("show the services of a server as proto")
    .description(
      "Show a server's services, or one service, method, message, enum or extension, with all types they use. " +
        "The output is proto files that compile.",
    )
    .argument("<socket>", socketHelp)
    .argument("[name]", "a full name, or an unambiguous end of it: Service, Service.Method, Message");
  command.option("-o, --out <dir>", "write whole proto files into this folder instead");
  addDescriptorFlags(command);
  addTrustFlag(command);
  addJsonFlag(command, "print the same as JSON");
  examples(command, [
    ["describe my_module"],
    ["describe my_module BackendService"],
    ["describe my_module BackendService.GetStatus"],
    ["describe my_module DataRequest"],
    ["describe my_module --out proto", "files to generate code from"],
  ]);
  return command;
}
