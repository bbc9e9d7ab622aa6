// What a user's compiler sees: the public names with their types, and an error where one is used wrongly.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  AddressInUseError,
  type Channel,
  createChannel,
  createIpcTransport,
  deadline,
  IpcHandler,
  inherit,
  resolveSocket,
  type Server,
  serve,
} from "@vyra/ipc";
import { BackendService, type StatusResponse } from "@vyra/ipc/proto";

export async function main(): Promise<void> {
  const other: Channel = createChannel("other_module", { timeoutMs: 5_000 });
  const server: Server = await serve({
    socket: "my_module",
    routes: (router) =>
      router.service(BackendService, {
        getStatus: () => ({ status: "ready", uptimeSeconds: 1n }),
        processData: (request, context) => other.client(BackendService).processData(request, inherit(context)),
      }),
  }).catch((error: unknown) => {
    throw error instanceof AddressInUseError ? new Error(`process ${error.pid} serves there`) : error;
  });

  const transport = createIpcTransport({ socket: resolveSocket("my_module").path, interceptors: [deadline()] });
  const backend = createClient(BackendService, transport);
  const response: StatusResponse = await backend.getStatus({});
  const uptime: bigint = response.uptimeSeconds;

  const handler = new IpcHandler({ socket: "my_module", service: BackendService });
  await handler.connect({ timeoutMs: 1_000 });
  const { result } = await handler.callMethod("ProcessData", { data: `up for ${uptime} s` });
  const text: string = result;

  // @ts-expect-error: a request has no such field
  await backend.getStatus({ nothing: text });
  // @ts-expect-error: a socket is a text
  createChannel(1);

  await backend.getStatus({}).catch((error: unknown) => {
    return ConnectError.from(error).code === Code.Unavailable ? undefined : Promise.reject(error);
  });
  await Promise.all([transport.close(), handler.disconnect(), other.close(), server.close()]);
}
