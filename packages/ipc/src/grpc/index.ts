/**
 * gRPC over HTTP/2 as pure functions and plain values, without I/O, sockets or timers: envelope, status, timeout,
 * metadata, compression, content type. Server and client both use it. What belongs here is true of the wire whichever
 * engine carries it.
 */

export {
  acceptEncodingHeader,
  compressionFor,
  compressionNamed,
  decompressing,
  encodingHeader,
  unexpectedCompression,
} from "./compression.js";
export { contentTypeOf, grpcFormat, isEnveloped, isGrpcFamily } from "./content-type.js";
export {
  assertReadable,
  assertWritable,
  compressedFlag,
  envelopeBytes,
  envelopeOf,
  incompleteMessage,
  lengthAt,
} from "./envelope.js";
export { FieldHeaders, listOf } from "./field-headers.js";
export { isHttpField } from "./http-fields.js";
export { codeFromHttpStatus, codeFromResetCode } from "./http-status.js";
export { fieldOf, fieldsOf, headersOf, valuesOf } from "./metadata.js";
export { methodName } from "./method-name.js";
export { NotProcessedError, notProcessed, wasNotProcessed } from "./not-processed.js";
export { responseProblem } from "./response-problem.js";
export { errorOf, hasStatus, percentDecoded, percentEncoded, statusFields } from "./status.js";
export { isServerFault, type StatusName, statusName, statusNames } from "./status-name.js";
export { formatTimeout, parseTimeout, timeoutHeader } from "./timeout.js";
