import type { DescMethod, JsonValue, Message } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { chooseSource } from "../../descriptors/choose.js";
import { findMethod } from "../../descriptors/find-method.js";
import type { DescriptorSource } from "../../descriptors/source.js";
import { Failure } from "../../failure.js";
import { parseHeaders } from "../../grammar/headers.js";
import { readDetails } from "../../messages/error-details.js";
import { exampleOf } from "../../messages/example.js";
import { messageJson } from "../../messages/message-json.js";
import { requestStream, singleRequest } from "../../messages/requests.js";
import { type CallResponse, callMethod, givesStream, takesStream } from "../../server/call-method.js";
import { type Connection, connectTo, defaultTimeoutMs, failureAt } from "../../server/connection.js";
import { failureOfCall } from "../../server/failure-of.js";
import { paintFor } from "../../terminal/colors.js";
import { interrupted } from "../../terminal/interrupt.js";
import { compactJson, prettyJson } from "../../terminal/json-text.js";
import { note, print, roomForOutput } from "../../terminal/output.js";
import { jsonText, printable } from "../../terminal/printable.js";
import type { CallFlags } from "./flags.js";

export async function run(socket: string, name: string, argument: string | undefined, flags: CallFlags): Promise<void> {
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

/** The requests of a call, and the mistake in them, if there is one. */
class Input {
  readonly #failing = new AbortController();
  /** The mistake that ended the requests. */
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

  /** A mistake in the requests cancels the call, and the mistake is reported instead of the cancellation. */
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

async function show(
  method: DescMethod,
  answer: CallResponse,
  source: DescriptorSource,
  flags: CallFlags,
): Promise<void> {
  if (flags.verbose) {
    showMetadata("header", answer.header, flags);
  }
  const write = flags.json ? (json: JsonValue) => jsonText(json) : givesStream(method) ? compactJson : prettyJson;
  for await (const message of answer.messages) {
    print(write(await messageJson(method.output, message, source)));
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
