import { Flag, type Frame, FrameSplitter, magic, Type } from "../support/wire.js";
import { Decoder } from "./hpack.js";

interface OpenStream {
  hasHeaders: boolean;
  sent: number;
  readonly fields: Map<string, string>;
}

/**
 * Checks what one of our connections sends, whatever it receives: complete frames in a valid order, no more DATA than
 * its windows can ever have allowed, field blocks that can be decoded, and nothing after a GOAWAY that ends the
 * connection.
 */
export class OutputCheck {
  readonly problems: string[] = [];
  readonly acknowledgedPings: string[] = [];
  /** Streams that have been answered or reset. */
  readonly answered = new Set<number>();
  /** The error code of the last GOAWAY; -1 if there was none. */
  goAwayCode = -1;
  private readonly out = new FrameSplitter();
  private readonly decoder = new Decoder(2 ** 24);
  private readonly open = new Map<number, OpenStream>();
  private readonly over = new Set<number>();
  private block: { readonly first: Frame; readonly fragments: Buffer[] } | undefined;
  private magicLeft: Buffer;
  private settingsSeen = false;
  private sent = 0;
  private lastOpened = -1;

  /**
   * @param isClient whether the connection is a client's, which begins with the connection preface and opens streams
   */
  constructor(
    private readonly isClient: boolean,
    private readonly allowance: Allowance,
    /** Called with each field block, with all fields of the message so far. The last block ends the message. */
    private readonly onFields: (fields: ReadonlyMap<string, string>, isLast: boolean) => void = () => {},
  ) {
    this.magicLeft = isClient ? magic : Buffer.alloc(0);
    this.decoder.setTableLimit(2 ** 24);
  }

  push(bytes: Buffer): void {
    const skipped = Math.min(this.magicLeft.length, bytes.length);
    if (!this.magicLeft.subarray(0, skipped).equals(bytes.subarray(0, skipped))) this.complain("wrong magic bytes");
    this.magicLeft = this.magicLeft.subarray(skipped);
    for (const frame of this.out.push(bytes.subarray(skipped))) this.onFrame(frame);
  }

  /** The connection will send nothing more. */
  end(): void {
    if (!this.out.isBetween && this.goAwayCode === 0) this.complain("it ended in order, but within a frame or block");
  }

  private complain(problem: string): void {
    this.problems.push(`it wrote ${problem}`);
  }

  private onFrame(frame: Frame): void {
    const { type, flags, streamId, payload } = frame;
    const name = `type ${type}, flags ${flags}, stream ${streamId}, ${payload.length} bytes`;
    if (this.goAwayCode > 0) this.complain(`a frame after its GOAWAY: ${name}`);
    if (payload.length > this.allowance.maxFrameSize) this.complain(`a frame larger than allowed: ${name}`);
    if (!this.settingsSeen && type !== Type.SETTINGS) this.complain(`a first frame that is not SETTINGS: ${name}`);
    if (this.block !== undefined && (type !== Type.CONTINUATION || streamId !== this.block.first.streamId)) {
      this.complain(`another frame within a field block: ${name}`);
    }
    switch (type) {
      case Type.DATA:
        this.onData(streamId, payload.length, name);
        if ((flags & Flag.END_STREAM) !== 0) this.close(streamId);
        break;
      case Type.HEADERS:
        this.onHeaders(streamId, name);
        this.block = { first: frame, fragments: [payload] };
        this.endBlock(flags);
        break;
      case Type.CONTINUATION:
        this.block?.fragments.push(payload);
        this.endBlock(flags);
        break;
      case Type.RST_STREAM:
        if (streamId === 0 || payload.length !== 4) this.complain(`a wrong RST_STREAM: ${name}`);
        this.answered.add(streamId);
        this.close(streamId);
        break;
      case Type.SETTINGS:
        this.settingsSeen = true;
        if (streamId !== 0 || payload.length % 6 !== 0) this.complain(`wrong SETTINGS: ${name}`);
        break;
      case Type.PING:
        if (streamId !== 0 || payload.length !== 8) this.complain(`a wrong PING: ${name}`);
        if ((flags & Flag.ACK) !== 0) this.acknowledgedPings.push(payload.toString("latin1"));
        break;
      case Type.GOAWAY:
        if (streamId !== 0 || payload.length < 8) this.complain(`a wrong GOAWAY: ${name}`);
        this.goAwayCode = payload.readUInt32BE(4);
        break;
      case Type.WINDOW_UPDATE:
        if (payload.length !== 4 || payload.readUInt32BE(0) === 0 || payload.readUInt32BE(0) > 2 ** 31 - 1) {
          this.complain(`a wrong WINDOW_UPDATE: ${name}`);
        }
        break;
      default:
        this.complain(`a frame of a type that it has no use for: ${name}`);
    }
  }

  private onHeaders(streamId: number, name: string): void {
    if (streamId === 0 || streamId % 2 === 0) this.complain(`HEADERS on a stream that is not a client's: ${name}`);
    if (this.over.has(streamId)) this.complain(`HEADERS after its end of the stream: ${name}`);
    this.answered.add(streamId);
    if (this.open.has(streamId)) return;
    if (this.isClient) {
      if (streamId <= this.lastOpened) this.complain(`a new stream with an old id: ${name}`);
      this.lastOpened = streamId;
    }
    this.open.set(streamId, { hasHeaders: false, sent: 0, fields: new Map() });
  }

  private endBlock(flags: number): void {
    if ((flags & Flag.END_HEADERS) === 0 || this.block === undefined) return;
    const { first, fragments } = this.block;
    const whole = Buffer.concat(fragments);
    this.block = undefined;
    let fields: readonly string[];
    try {
      fields = [...this.decoder.decode(whole, 0, whole.length).fields, ...this.decoder.extra];
    } catch (error) {
      this.complain(`a field block that cannot be decoded: ${error}`);
      return;
    }
    const stream = this.open.get(first.streamId);
    const isFirst = stream?.hasHeaders === false;
    const pseudo = this.isClient ? ":method" : ":status";
    if (isFirst !== (fields[0] === pseudo))
      this.complain(`fields that begin with ${fields[0]}, on stream ${first.streamId}`);
    // After an informational response, another response begins in the same way.
    if (stream !== undefined && !/^1..$/.test(fields[1] ?? "")) stream.hasHeaders = true;
    const isLast = (first.flags & Flag.END_STREAM) !== 0;
    if (stream !== undefined) {
      for (let i = 0; i < fields.length; i += 2) stream.fields.set(fields[i] ?? "", fields[i + 1] ?? "");
      this.onFields(stream.fields, isLast);
    }
    if (isLast) this.close(first.streamId);
  }

  private onData(streamId: number, bytes: number, name: string): void {
    const stream = this.open.get(streamId);
    if (stream === undefined || this.over.has(streamId)) {
      this.complain(`DATA where there is no stream: ${name}`);
      return;
    }
    stream.sent += bytes;
    this.sent += bytes;
    if (stream.sent > this.allowance.ofStream(streamId)) this.complain(`more than the stream's window: ${name}`);
    if (this.sent > this.allowance.ofConnection) this.complain(`more than the connection's window: ${name}`);
  }

  private close(streamId: number): void {
    this.over.add(streamId);
  }
}

/** Returns the largest window that a peer can have granted by what it has sent so far. */
export class Allowance {
  maxFrameSize = 16_384;
  ofConnection = 65_535;
  private initialWindow = 65_535;
  private readonly increments = new Map<number, number>();

  ofStream(streamId: number): number {
    return this.initialWindow + (this.increments.get(streamId) ?? 0);
  }

  note({ type, flags, streamId, payload }: Frame): void {
    if (type === Type.WINDOW_UPDATE && payload.length === 4) {
      const increment = payload.readUInt32BE(0) & 0x7fffffff;
      if (streamId === 0) this.ofConnection += increment;
      else this.increments.set(streamId, (this.increments.get(streamId) ?? 0) + increment);
    }
    if (type !== Type.SETTINGS || (flags & Flag.ACK) !== 0) return;
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      if (payload.readUInt16BE(at) === 4) this.initialWindow = Math.max(this.initialWindow, value);
      if (payload.readUInt16BE(at) === 5) this.maxFrameSize = Math.max(this.maxFrameSize, value);
    }
  }
}
