import type { Stream } from "../stream/stream.js";

/**
 * The extension of one stream's receive window for a message that is larger than the window and that its owner awaits.
 */
export class WindowExtension {
  readonly stream: Stream;
  /** The number of bytes of the message that are still to come. */
  readonly bytes: number;
  /** Whether the memory for the whole message has been granted. */
  isGranted = false;
  /** The number of bytes by which the window is larger because of this extension. */
  extra = 0;

  constructor(stream: Stream, bytes: number) {
    this.stream = stream;
    this.bytes = bytes;
  }
}

/**
 * The window extensions of a connection. An extension is granted when there is memory for the whole rest of its
 * message. Every granted message can thus be completed, whereas many half-received messages could block each other for
 * ever. Extensions are granted in the order of their requests. One is always granted if there is no other, so the
 * maximum size of a message may exceed the limit.
 */
export class WindowExtensions {
  private readonly limitBytes: number;
  /** The number of bytes of all granted extensions. */
  reservedBytes = 0;
  private readonly line = new Set<WindowExtension>();

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** The number of bytes by which a single granted extension exceeds the limit. */
  get overdraftBytes(): number {
    return Math.max(0, this.reservedBytes - this.limitBytes);
  }

  /** The first extension that waits to be granted, or null. */
  get first(): WindowExtension | null {
    for (const extension of this.line) return extension;
    return null;
  }

  add(extension: WindowExtension): void {
    this.line.add(extension);
  }

  /** Whether an extension may be granted now. */
  hasRoomFor(extension: WindowExtension): boolean {
    return this.reservedBytes === 0 || this.reservedBytes + extension.bytes <= this.limitBytes;
  }

  /** Grants an extension that waits. */
  grant(extension: WindowExtension): void {
    this.line.delete(extension);
    extension.isGranted = true;
    this.reservedBytes += extension.bytes;
  }

  /** Returns the memory of an extension: its message has been consumed, or is no longer awaited. */
  release(extension: WindowExtension): void {
    if (extension.isGranted) this.reservedBytes -= extension.bytes;
    else this.line.delete(extension);
  }
}
