import type { ClientStream, ServerStream, StreamError } from "@vyra/http2";

/** Checks what a connection promises to the owner of each stream. */
export class WatchedStream {
  /** Whether the owner is not registered yet, so it cannot be notified. */
  isUnborn = false;
  private isBegun = false;
  private isEnded = false;
  private isReset = false;
  private isOurs = false;

  constructor(
    readonly stream: ClientStream | ServerStream,
    private readonly problems: string[],
  ) {}

  onHeaders(endStream: boolean): void {
    this.check("onHeaders", !this.isBegun);
    this.isBegun = true;
    if (endStream) this.isEnded = true;
  }

  onInformational(): void {
    this.check("onInformational", !this.isBegun);
  }

  onData(bytes: number, endStream: boolean): void {
    this.check("onData", this.isBegun);
    if (bytes === 0 && !endStream) this.complain("onData with nothing");
    if (endStream) this.isEnded = true;
  }

  onTrailers(): void {
    this.check("onTrailers", this.isBegun);
    this.isEnded = true;
  }

  onReset(error: StreamError): void {
    if (this.isReset) this.complain("onReset twice");
    if (this.isOurs) this.complain(`onReset after reset(): ${error.message}`);
    if (error.streamId !== this.stream.id) this.complain(`onReset with an error of stream ${error.streamId}`);
    if (!this.stream.isClosed) this.complain("onReset of a stream that is not closed");
    this.isReset = true;
  }

  onDrain(): void {
    if (this.isReset || this.isOurs) this.complain("onDrain after the stream's end");
  }

  /** The owner has reset the stream, or has thrown, which resets it as well. */
  abandoned(): void {
    this.isOurs = true;
  }

  /** The connection has ended. */
  settle(): void {
    if (this.isUnborn) return;
    if (!this.stream.isClosed) this.complain("the stream is open although its connection is over");
    if (!this.isEnded && !this.isReset && !this.isOurs) this.complain("nobody was told of the stream's end");
  }

  private check(event: string, isInOrder: boolean): void {
    if (this.isReset || this.isOurs || this.isEnded || !isInOrder) {
      const state = `begun ${this.isBegun}, ended ${this.isEnded}, reset ${this.isReset}, by us ${this.isOurs}`;
      this.complain(`${event} out of order (${state})`);
    }
  }

  private complain(problem: string): void {
    this.problems.push(`stream ${this.stream.id}: ${problem}`);
  }
}
