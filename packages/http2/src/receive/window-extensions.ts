import type { Stream } from "../stream/stream.js";

/** A message that its stream's window is too small for, and whose owner waits for it. */
export class WindowExtension {
  readonly stream: Stream;
  /** What is still to come of it. */
  readonly bytes: number;
  isGranted = false;
  /** How much larger the stream's window is for it. */
  extra = 0;

  constructor(stream: Stream, bytes: number) {
    this.stream = stream;
    this.bytes = bytes;
  }
}

/**
 * Messages larger than their stream's window. One is let in when all that is to come of it has its place: so each that is let in can
 * become whole, where many that are half there would wait for each other for ever. They are let in in the order in which they came,
 * and one alone always, so a limit for messages may be larger than the place that there is.
 */
export class WindowExtensions {
  private readonly limitBytes: number;
  /** What those that were let in take. */
  reservedBytes = 0;
  private readonly line = new Set<WindowExtension>();

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** By how much one message alone exceeds the place. */
  get overdraftBytes(): number {
    return Math.max(0, this.reservedBytes - this.limitBytes);
  }

  /** The first in line. */
  get first(): WindowExtension | null {
    for (const extension of this.line) return extension;
    return null;
  }

  add(extension: WindowExtension): void {
    this.line.add(extension);
  }

  hasRoomFor(extension: WindowExtension): boolean {
    return this.reservedBytes === 0 || this.reservedBytes + extension.bytes <= this.limitBytes;
  }

  /** The first in line is let in. */
  grant(extension: WindowExtension): void {
    this.line.delete(extension);
    extension.isGranted = true;
    this.reservedBytes += extension.bytes;
  }

  /** The message is done with, or given up. */
  release(extension: WindowExtension): void {
    if (extension.isGranted) this.reservedBytes -= extension.bytes;
    else this.line.delete(extension);
  }
}
