// What a user's test might do with a server and channels. `expect` is jest's or vitest's.
exports.everything = async ({ ipc, proto, health, telemetry, connect }, expect) => {
  const { AddressInUseError, createChannel, NotProcessedError, peerKey, retry, serve } = ipc;
  const { BackendService } = proto;
  const { Code, ConnectError } = connect;
  const routes = (router) =>
    router.service(BackendService, {
      processData: ({ data }, context) => ({ result: `${data} from ${context.values.get(peerKey)?.pid}` }),
      getStatus: () => new Promise(() => {}),
    });
  const socket = "framework";

  const server = await serve({ socket, signals: false, graceMs: 100, routes });
  await expect(serve({ socket, signals: false, routes })).rejects.toBeInstanceOf(AddressInUseError);
  for (const [engine, interceptors] of [
    ["direct", []],
    ["direct", [telemetry.telemetry(), retry()]],
    ["node", [retry()]],
  ]) {
    const channel = createChannel(socket, { engine, interceptors });
    const client = channel.client(BackendService);
    expect((await client.processData({ data: "hello" })).result).toBe(`hello from ${process.pid}`);
    for await (const { status } of channel.client(health.Health).watch({})) {
      expect(status).toBe(1);
      break;
    }
    const late = client.getStatus({}, { timeoutMs: 20 });
    await expect(late).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    const controller = new AbortController();
    const cancelled = client.getStatus({}, { signal: controller.signal });
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: Code.Canceled });
    await channel.close();
  }
  await server.close();

  const channel = createChannel(socket, { interceptors: [retry({ maxAttempts: 2 })] });
  const error = await channel
    .client(BackendService)
    .processData({})
    .catch((error) => error);
  expect(error).toBeInstanceOf(ConnectError);
  expect(error.code).toBe(Code.Unavailable);
  expect(error.cause).toBeInstanceOf(NotProcessedError);
  await channel.close();
};
