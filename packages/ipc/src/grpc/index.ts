/**
 * gRPC over HTTP/2 as pure functions and plain values: no I/O and nothing of sockets. Both the server and the client build
 * on it; what is written here is true of the wire, whichever engine carries it.
 */

export { maxTimerMs } from "../real-timers.js";
export { abortableIterable, orAborted } from "./abortable.js";
export { assertAffordable } from "./affordable.js";
export { afterReading } from "./after-reading.js";
export { type BodyForm, BytesInbox, type BytesInlet } from "./bytes-inbox.js";
export { binaryCodec, type Codec, type CodecOptions, completed, jsonCodec } from "./codec.js";
export { compressInTurn } from "./compress.js";
export {
  acceptEncodingHeader,
  compressionFor,
  compressionNamed,
  decompressing,
  encodingHeader,
  unexpectedCompression,
} from "./compression.js";
export { callEnded, deadlineExceeded, noteDeadline, remainingMs, startDeadline } from "./deadline.js";
export { Deadlines, deadlines, Timed } from "./deadlines.js";
export { decompressInTurn } from "./decompress.js";
export {
  assertReadable,
  assertWritable,
  compressedFlag,
  copyOf,
  envelopeBytes,
  envelopeOf,
  incompleteMessage,
  lengthAt,
  stretchOf,
} from "./envelope.js";
export { EnvelopeMeter } from "./envelope-meter.js";
export { EnvelopeReader } from "./envelope-reader.js";
export { guardedController } from "./guarded-signal.js";
export { acceptedByDefault } from "./gzip.js";
export { isHttpField } from "./http-fields.js";
export { codeFromHttpStatus, codeFromResetCode } from "./http-status.js";
export { assertAsyncIterable, checkedResult, iteratorOf, letGo, tamed } from "./iterators.js";
export { assertJsonAffordable } from "./json-affordable.js";
export { alwaysAffordableBytes } from "./message-cost.js";
export { type Encoded, MessageInbox } from "./message-inbox.js";
export { fieldOf, fieldsOf, headersOf, valuesOf } from "./metadata.js";
export { NotProcessedError, notProcessed, wasNotProcessed } from "./not-processed.js";
export { responseProblem } from "./response-problem.js";
export { Drain, sendMessages } from "./send-messages.js";
export { mayHaveManyListeners } from "./shared-signal.js";
export { recycle } from "./slab.js";
export { errorOf, hasStatus, percentDecoded, percentEncoded, statusFields } from "./status.js";
export { isServerFault, type StatusName, statusName, statusNames } from "./status-name.js";
export {
  causesOf,
  connectErrorFrom,
  guarded,
  isAbortError,
  isErrorCode,
  isInstance,
  isSound,
  messageOf,
} from "./thrown.js";
export { formatTimeout, parseTimeout, timeoutHeader } from "./timeout.js";
export { inTurns, sending, Turn, taking } from "./turns.js";
export { type Inlet, memoryOverhead } from "./unfinished-message.js";
