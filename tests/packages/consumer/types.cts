// The same from CommonJS, which may require ES modules since Node.js 20.19.
import ipc = require("@vyra/ipc");
import proto = require("@vyra/ipc/proto");

const channel: ipc.Channel = ipc.createChannel("my_module");
export const status: Promise<proto.StatusResponse> = channel.client(proto.BackendService).getStatus({});
