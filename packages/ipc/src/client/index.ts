/**
 * The client: channels and transports. `channel` and `transport` are what users create, from `options`, which are
 * checked and completed here; `dialling` finds the server, checks whose it is and keeps connections; `engines` run
 * calls on them; and `errors` creates the errors of calls that failed. Nothing here knows of the server.
 */
export type { Channel, ChannelOptions, ChannelReadyOptions } from "./channel.js";
export { createChannel } from "./channel.js";
export type { ChannelState, ReadyOptions } from "./dialling/session.js";
export type { IpcHandlerOptions, MethodCall, MethodName, MethodRequest, MethodResult } from "./ipc-handler.js";
export { IpcHandler } from "./ipc-handler.js";
export type { ChannelStats, IpcTransport, IpcTransportOptions } from "./options.js";
export { createIpcTransport } from "./transport.js";
export { waitForReady } from "./wait-for-ready.js";
