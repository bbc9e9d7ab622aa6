/**
 * The client: channels and transports. `connection` keeps one HTTP/2 session alive as long as it is wanted, `dial` finds
 * the server and sees whose it is, an engine runs calls on the session, and `errors` says what became of those that
 * failed. Nothing here knows of the server.
 */
export type { Channel, ChannelOptions, ChannelReadyOptions } from "./channel.js";
export { createChannel } from "./channel.js";
export type { ChannelState, ReadyOptions } from "./dialling/session.js";
export type { IpcHandlerOptions, MethodName } from "./ipc-handler.js";
export { IpcHandler } from "./ipc-handler.js";
export type { ChannelStats, IpcTransport, IpcTransportOptions } from "./options.js";
export { createIpcTransport } from "./transport.js";
export { waitForReady } from "./wait-for-ready.js";
