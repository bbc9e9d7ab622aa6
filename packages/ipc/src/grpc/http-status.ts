import { Code } from "@connectrpc/connect";

/**
 * Returns the status code of a call whose response has no `grpc-status`, by its HTTP status:
 * https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md.
 */
export function codeFromHttpStatus(status: number): Code {
  switch (status) {
    case 400:
      return Code.Internal;
    case 401:
      return Code.Unauthenticated;
    case 403:
      return Code.PermissionDenied;
    case 404:
      return Code.Unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.Unavailable;
    default:
      return Code.Unknown;
  }
}

/**
 * Returns the status code of a call whose stream was reset, by the HTTP/2 error code:
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors.
 */
export function codeFromResetCode(errorCode: number): Code {
  switch (errorCode) {
    case 0x7: // REFUSED_STREAM
      return Code.Unavailable;
    case 0x8: // CANCEL
      return Code.Canceled;
    case 0xb: // ENHANCE_YOUR_CALM
      return Code.ResourceExhausted;
    case 0xc: // INADEQUATE_SECURITY
      return Code.PermissionDenied;
    default:
      return Code.Internal;
  }
}
