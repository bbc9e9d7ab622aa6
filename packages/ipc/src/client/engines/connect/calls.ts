/**
 * What the engines `"node"` and `"undici"` share: Connect's own gRPC transport, with corrections of its behaviour at
 * its inputs and outputs. A difference between Connect and the engine `"direct"` is corrected here, unless it comes
 * from node:http2 or undici themselves.
 */

import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { formatTimeout, timeoutHeader } from "../../../grpc/index.js";
import { Turn, taking } from "../../../messages/turns.js";
import { startDeadline } from "../../../time/signal-deadline.js";
import { connectErrorFrom } from "../../../user-code/thrown.js";
import { type Linked, linked, withConnectErrors } from "./safe-inputs.js";

/**
 * Wraps one of Connect's own transports so that calls fail only with a ConnectError, and only through their promise,
 * whatever their arguments are; timeouts may have any length; and a stream ends when its reader stops.
 */
export function hardenedTransport(load: () => Promise<Transport>): Transport {
  return {
    async unary(method, signal, timeoutMs, header, message, contextValues) {
      const call = new LimitedCall(signal);
      try {
        const headers = call.begin(timeoutMs, header);
        return await (await load()).unary(method, call.signal, undefined, headers, message, contextValues);
      } catch (error) {
        throw call.failed(error);
      } finally {
        call.end();
      }
    },
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      const call = new LimitedCall(signal);
      try {
        const headers = call.begin(timeoutMs, header);
        const requests = withConnectErrors(input);
        const transport = await load();
        const response = await transport.stream(method, call.signal, undefined, headers, requests, contextValues);
        return { ...response, message: endingWithReader(response.message, call) };
      } catch (error) {
        throw call.failed(error);
      }
    },
  };
}

/** A call's signal and timeout. */
class LimitedCall {
  readonly #link: Linked;
  #limit: ReturnType<typeof startDeadline> | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#link = linked(signal);
  }

  get signal(): AbortSignal {
    return this.#limit?.signal ?? this.#link.signal;
  }

  /**
   * Starts the timeout. Connect's own takes at most 24 days, and its `grpc-timeout` has more digits than gRPC allows
   * after 27 hours.
   */
  begin(timeoutMs: number | undefined, header: HeadersInit | undefined): Headers {
    const headers = headersFrom(header);
    // Connect treats a timeout of 0 or less as not set.
    if (timeoutMs !== undefined && timeoutMs > 0) {
      headers.set(timeoutHeader, formatTimeout(timeoutMs));
      this.#limit = startDeadline(this.#link.signal, timeoutMs, "deadline");
    }
    return headers;
  }

  /** Ends the call and everything of it that still runs; returns the error to throw. */
  failed(reason: unknown): ConnectError {
    const error = connectErrorFrom(reason, Code.Internal);
    this.end();
    this.#link.abort(error);
    return error;
  }

  end(): void {
    this.#limit?.stop();
    this.#link.release();
  }
}

type HeadersInit = ConstructorParameters<typeof Headers>[0];

function headersFrom(header: HeadersInit | undefined): Headers {
  try {
    return new Headers(header);
  } catch (error) {
    const reason = connectErrorFrom(error, Code.Internal);
    throw new ConnectError(`invalid metadata: ${reason.rawMessage}`, Code.Internal, undefined, undefined, reason);
  }
}

/**
 * Ends the call when the reader of its responses stops, as the engine `"direct"` does; Connect's transports ignore it.
 * The number of messages that a reader gets in a turn of the event loop is limited.
 */
function endingWithReader<O extends DescMessage>(
  responses: AsyncIterable<MessageShape<O>>,
  call: LimitedCall,
): AsyncIterableIterator<MessageShape<O>> {
  const messages = responses[Symbol.asyncIterator]();
  const turn = new Turn(taking);
  let isTurnOver = false;
  return {
    async next() {
      try {
        if (isTurnOver) {
          await turn.next();
        }
        const result = await messages.next();
        isTurnOver = turn.spend(0);
        if (result.done) {
          call.end();
        }
        return result;
      } catch (error) {
        throw call.failed(error);
      }
    },
    async return(value) {
      call.failed(new ConnectError("the caller has stopped reading", Code.Canceled));
      return { done: true, value };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
