import type { Command } from "commander";
import {
  addDescriptorFlags,
  addHeaderFlag,
  addJsonFlag,
  addTimeoutFlag,
  addTrustFlag,
  type ConnectionFlags,
  type DescriptorFlags,
} from "../../grammar/flags.js";
import { examples, methodHelp, socketHelp } from "../../grammar/help.js";

export interface CallFlags extends ConnectionFlags, DescriptorFlags {
  readonly header?: string[];
  readonly timeout?: number;
  readonly example?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

export function addCall(program: Command): Command {
  const command = program
    .command("call")
    .summary("call a method with JSON")
    .description(
      "Call a method. Requests and responses are JSON. The messages of a stream are one line each, as they arrive.",
    )
    .argument("<socket>", socketHelp)
    .argument("<method>", methodHelp)
    .argument("[request]", "JSON, @file, or - for standard input, which is the default for a stream of requests");
  addHeaderFlag(command);
  addTimeoutFlag(command, "how long the call may take", "5s; no limit for streams");
  command
    .option("--example", "print an example of a request, and call nothing")
    .option("-v, --verbose", "print the response's metadata on standard error");
  addDescriptorFlags(command);
  addTrustFlag(command);
  addJsonFlag(command, "print each message as one line of JSON, and errors as JSON");
  examples(command, [
    ["call my_module GetStatus", "without a request, an empty message is sent"],
    [`call my_module ProcessData '{"data": "some text"}'`],
    ["call my_module ProcessData --example > request.json"],
    ["call my_module ProcessData @request.json -H 'authorization: Bearer x' --timeout 2s"],
    ["call my_module Chat < lines.json | jq .text", "a stream: one line of JSON for each message, in both directions"],
  ]);
  return command;
}
