import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamResponse } from "@connectrpc/connect";

/**
 * A stream of Connect's own transports, which take no notice when a reader goes away: here it ends the call, as the direct engine
 * has it.
 *
 * @param open makes the call, with a signal that also ends it
 */
export async function endsWithReader<I extends DescMessage, O extends DescMessage>(
  signal: AbortSignal | undefined,
  open: (signal: AbortSignal) => Promise<StreamResponse<I, O>>,
): Promise<StreamResponse<I, O>> {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  const release = () => signal?.removeEventListener("abort", onAbort);
  if (signal?.aborted) {
    onAbort();
  }
  signal?.addEventListener("abort", onAbort);
  try {
    const response = await open(controller.signal);
    const messages = response.message[Symbol.asyncIterator]();
    const message: AsyncIterableIterator<MessageShape<O>> = {
      async next() {
        try {
          const result = await messages.next();
          if (result.done) {
            release();
          }
          return result;
        } catch (error) {
          release();
          throw error;
        }
      },
      async return(value) {
        release();
        controller.abort(new ConnectError("the caller reads no further", Code.Canceled));
        return { done: true, value };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    return { ...response, message };
  } catch (error) {
    release();
    throw error;
  }
}
