// Every entry point's types, in the form that CommonJS and ES modules share.
import { createClient } from "@connectrpc/connect";
import * as http2 from "@vyra/http2";
import * as ipc from "@vyra/ipc";
import * as health from "@vyra/ipc/health";
import * as proto from "@vyra/ipc/proto";
import * as reflection from "@vyra/ipc/reflection";
import { telemetry } from "@vyra/ipc/telemetry";

const channel: ipc.Channel = ipc.createChannel("my_module", { interceptors: [telemetry()] });
export const status: Promise<proto.StatusResponse> = createClient(proto.BackendService, channel.transport).getStatus(
  {},
);
export const isHealthy: Promise<health.HealthCheckResponse> = channel.client(health.Health).check({});
export const described = reflection.ServerReflection.typeName;
export const code: number = http2.ErrorCode.CANCEL;
export const served: Promise<ipc.Server> = ipc.serve({
  socket: { fd: 3 },
  routes: (router) =>
    router.service(proto.BackendService, {
      getStatus: (_, context) => ({ status: `${context.values.get(ipc.peerKey)?.pid}` }),
    }),
});
// @ts-expect-error: a socket is a text
ipc.createChannel(1);
