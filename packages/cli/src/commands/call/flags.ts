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
import { examples, socketHelp } from "../../grammar/help.js";

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
    .description("Call a method. Requests and responses are JSON; of a stream, one message a line, as they come.")
    .argument("<socket>", socketHelp)
    .argument("<method>", "its full name, package.Service/Method, or as much of its end as is enough: Method")
    .argument("[request]", "JSON, @file, or - for standard input; a stream of requests is read from there by default");
  addHeaderFlag(command);
  addTimeoutFlag(command, "how long the call may take", "5s, for streams none");
  command
    .option("--example", "show a request to fill in, and call nothing")
    .option("-v, --verbose", "show the response's metadata on standard error");
  addDescriptorFlags(command);
  addTrustFlag(command);
  addJsonFlag(command, "one line of JSON a message, and errors in JSON");
  examples(command, [
    ["call my_module GetStatus", "no request needed where every field may be empty"],
    [`call my_module ProcessData '{"data": "some text"}'`],
    ["call my_module ProcessData --example > request.json"],
    ["call my_module ProcessData @request.json -H 'authorization: Bearer x' --timeout 2s"],
    ["call my_module Chat < lines.json | jq .text", "a stream: a line of JSON a message, both ways"],
  ]);
  return command;
}
