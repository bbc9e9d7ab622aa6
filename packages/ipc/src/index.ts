/**
 * @vyra/ipc: typed gRPC over Unix domain sockets. `serve()` runs a Connect router on one side, `createChannel()`
 * connects to it on the other.
 *
 * @module @vyra/ipc
 * @packageDocumentation
 */
export {
  type AbstractAddress,
  AddressError,
  AddressInUseError,
  type AddressNamedBy,
  credentialsOf,
  type PathAddress,
  type PeerCredentials,
  resolveSocket,
  type SocketAddress,
  UntrustedSocketError,
} from "./address/index.js";
export type { BusyPollOptions } from "./busy-poll/options.js";
export {
  type Channel,
  type ChannelOptions,
  type ChannelReadyOptions,
  type ChannelState,
  type ChannelStats,
  createChannel,
  createIpcTransport,
  IpcHandler,
  type IpcHandlerOptions,
  type IpcTransport,
  type IpcTransportOptions,
  type MethodCall,
  type MethodName,
  type MethodRequest,
  type MethodResult,
  type ReadyOptions,
  waitForReady,
} from "./client/index.js";
export { NotProcessedError, type StatusName, statusNames } from "./grpc/index.js";
export { type DeadlineOptions, deadline, inherit } from "./interceptors/deadline.js";
export { type LoggedCall, type Logger, type LoggingOptions, type LogLevel, logging } from "./interceptors/logging.js";
export type { ByMethod } from "./interceptors/method-policy.js";
export { type RetryOptions, type RetryPolicy, retry } from "./interceptors/retry.js";
export { batches, inBatches } from "./messages/batches.js";
export {
  type Authorize,
  type ClusterMember,
  type ClusterPrimary,
  type ClusterWorker,
  type ErrorContext,
  groups,
  HeadersSentError,
  type OnError,
  peerKey,
  type ServeClusterOptions,
  type ServeOptions,
  type Server,
  sameUser,
  sendHeaders,
  serve,
  serveCluster,
  users,
} from "./server/index.js";
export type { Health, HealthStatus, ReflectionOptions, ServicesOptions } from "./services/index.js";
export type { CallStats, LatencyStats, MemoryStats, MethodStats, ServerStats } from "./stats/index.js";
