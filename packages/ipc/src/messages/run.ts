import { assertWritable, envelopeBytes, writeEnvelope } from "../grpc/envelope.js";
import { viewOf } from "../protobuf/bytes.js";
import type { Codec } from "../protobuf/codec.js";
import type { Encoded, SendingRules } from "./encoded.js";

/** The size of a run, which is what HTTP/2 sends by copying it. */
const runBytes = 16_384;
/** The number of messages in a run, since empty ones take only an envelope each. */
const maxMessages = 512;
/** Up to this length, the views of the memory are kept: most runs are one short message. */
const keptViews = 512;

/**
 * Messages with their envelopes, one behind the other, that are sent in one piece. All senders of a thread use the same
 * memory, one after another: a message needs neither an allocation of its own nor a frame of its own.
 */
class Run {
  readonly #memory = Buffer.allocUnsafeSlow(runBytes);
  readonly #views: Uint8Array[] = [];
  #at = 0;
  #count = 0;
  #most = maxMessages;
  #isOpen = false;

  /**
   * Begins a run of this many messages at most. Returns undefined while another sender writes its own, whose message's
   * getter sends a message.
   */
  begin(most: number): Run | undefined {
    if (this.#isOpen) {
      return undefined;
    }
    this.#isOpen = true;
    this.#at = this.#count = 0;
    this.#most = Math.min(most, maxMessages);
    return this;
  }

  get isFull(): boolean {
    return this.#count >= this.#most || this.#at > runBytes - envelopeBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Serializes a message behind the others, for `add()`. @throws what `serialize()` throws */
  write(codec: Codec, message: object): number | Uint8Array {
    return codec.serializeIn(message as never, this.#memory, this.#at + envelopeBytes);
  }

  /**
   * Adds what `write()` has written. Returns the message in the form in which it is sent by itself if it did not fit.
   * @throws {ConnectError} ResourceExhausted for a message that is too large
   */
  add(written: number | Uint8Array, { writeMaxBytes }: SendingRules): Encoded | undefined {
    if (typeof written !== "number") {
      assertWritable(written.length, writeMaxBytes);
      return { bytes: written, flags: 0 };
    }
    const length = written - this.#at - envelopeBytes;
    assertWritable(length, writeMaxBytes);
    writeEnvelope(this.#memory, this.#at, length, 0);
    this.#at = written;
    this.#count++;
    return undefined;
  }

  /** Ends the run, and returns what has been added; it must be copied at once. */
  end(): Uint8Array {
    this.#isOpen = false;
    const length = this.#at;
    if (length >= keptViews) {
      return viewOf(this.#memory, 0, length);
    }
    this.#views[length] ??= viewOf(this.#memory, 0, length);
    return this.#views[length];
  }
}

export type { Run };

/** The run of this thread. */
export const run: Run = new Run();
