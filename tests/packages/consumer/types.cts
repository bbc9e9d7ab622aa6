// The same from CommonJS.
import ipc = require("@vyra/ipc");
import health = require("@vyra/ipc/health");
import proto = require("@vyra/ipc/proto");
import reflection = require("@vyra/ipc/reflection");
import telemetry = require("@vyra/ipc/telemetry");
import http2 = require("@vyra/http2");

const channel: ipc.Channel = ipc.createChannel("my_module", { interceptors: [telemetry.telemetry()] });
export const status: Promise<proto.StatusResponse> = channel.client(proto.BackendService).getStatus({});
export const isHealthy: Promise<health.HealthCheckResponse> = channel.client(health.Health).check({});
export const described = reflection.ServerReflection.typeName;
export const code: number = http2.ErrorCode.CANCEL;
