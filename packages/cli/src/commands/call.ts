import type { DescMethod, JsonValue, Message } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import { type Answer, callMethod, givesStream, takesStream } from "../call-method.js";
import {
  addJsonFlag,
  addTimeoutFlag,
  addTrustFlag,
  type Connection,
  type ConnectionFlags,
  connectTo,
  defaultTimeoutMs,
  failureAt,
} from "../connection.js";
import { addDescriptorFlags, chooseSource, type DescriptorFlags } from "../descriptors/choose.js";
import { findMethod } from "../descriptors/find-method.js";
import type { DescriptorSource } from "../descriptors/source.js";
import { Failure, failureOfCall } from "../failure.js";
import { examples, socketHelp } from "../help.js";
import { readDetails } from "../messages/error-details.js";
import { exampleOf } from "../messages/example.js";
import { jsonOf } from "../messages/message-json.js";
import { requestStream, singleRequest } from "../messages/requests.js";
import { addHeaderFlag, parseHeaders } from "../metadata.js";
import { paintFor } from "../terminal/colors.js";
import { interrupted } from "../terminal/interrupt.js";
import { compactJson, prettyJson } from "../terminal/json-text.js";
import { note, print, roomForOutput } from "../terminal/output.js";
import { jsonText, printable } from "../terminal/printable.js";

interface CallFlags extends ConnectionFlags, DescriptorFlags {
  readonly header?: string[];
  readonly timeout?: number;
  readonly example?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
}

export function addCall(program: Command): void {
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
  command.action(call);
}

async function call(socket: string, name: string, argument: string | undefined, flags: CallFlags): Promise<void> {
  const headers = parseHeaders(flags.header);
  await using connection = connectTo(socket, flags);
  await using source = await chooseSource(connection, flags, flags.timeout);
  const method = await findMethod(source, name);
  if (flags.example) {
    const example = exampleOf(method.input);
    print(flags.json ? jsonText(example) : prettyJson(example));
    return;
  }
  const input = new Input(method, argument, source);
  try {
    const answer = await callMethod(connection, method, await input.requests(), {
      headers,
      timeoutMs: flags.timeout ?? (method.methodKind === "unary" ? defaultTimeoutMs : undefined),
      signal: AbortSignal.any([interrupted, input.failed]),
    });
    await show(method, answer, source, flags);
  } catch (error) {
    throw input.failure ?? (await explain(error, connection, source, flags));
  }
}

/** The requests, and what was wrong with them. */
class Input {
  readonly #failing = new AbortController();
  /** Why there are no further requests. */
  failure: Failure | undefined;

  constructor(
    private readonly method: DescMethod,
    private readonly argument: string | undefined,
    private readonly source: DescriptorSource,
  ) {}

  get failed(): AbortSignal {
    return this.#failing.signal;
  }

  async requests(): Promise<Message | AsyncIterable<Message>> {
    return takesStream(this.method)
      ? this.#guarded(requestStream(this.method, this.argument, this.source))
      : await singleRequest(this.method, this.argument, this.source);
  }

  /** A call whose requests break off for a mistake in them is cancelled, and it is the mistake that is told. */
  async *#guarded(requests: AsyncIterable<Message>): AsyncIterable<Message> {
    try {
      yield* requests;
    } catch (error) {
      if (error instanceof Failure) {
        this.failure = error;
      }
      this.#failing.abort();
      throw error;
    }
  }
}

async function show(method: DescMethod, answer: Answer, source: DescriptorSource, flags: CallFlags): Promise<void> {
  if (flags.verbose) {
    showMetadata("header", answer.header, flags);
  }
  const write = flags.json ? (json: JsonValue) => jsonText(json) : givesStream(method) ? compactJson : prettyJson;
  for await (const message of answer.messages) {
    print(write(await jsonOf(method.output, message, source)));
    await roomForOutput();
  }
  if (flags.verbose) {
    showMetadata("trailer", answer.trailer, flags);
  }
}

function showMetadata(kind: "header" | "trailer", metadata: Headers, { json }: CallFlags): void {
  if (json) {
    note(jsonText({ [kind]: Object.fromEntries(metadata) }));
    return;
  }
  const paint = paintFor(process.stderr);
  for (const [name, value] of metadata) {
    note(`${paint.dim(kind)} ${paint.cyan(name)}: ${printable(value)}`);
  }
}

async function explain(
  error: unknown,
  connection: Connection,
  source: DescriptorSource,
  flags: CallFlags,
): Promise<unknown> {
  if (!(error instanceof ConnectError)) {
    return error;
  }
  if (flags.verbose) {
    showMetadata("trailer", error.metadata, flags);
  }
  const failure = failureAt(connection, error);
  return error.details.length > 0 ? failureOfCall(error, await readDetails(error, source)) : failure;
}
