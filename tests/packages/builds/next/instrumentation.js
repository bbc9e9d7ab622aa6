// A server in the process of Next.js, beside the pages.
export async function register() {
  if (process.env.NEXT_RUNTIME === "nodejs") {
    const { peerKey, serve } = await import("@vyra/ipc");
    const { BackendService } = await import("@vyra/ipc/proto");
    await serve({
      socket: "next",
      routes: (router) =>
        router.service(BackendService, {
          processData: ({ data }, context) => ({ result: `${data} from ${context.values.get(peerKey)?.pid}` }),
        }),
    });
  }
}
