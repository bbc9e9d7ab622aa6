// frontend.mjs <module>: calls the BackendService of a module, in whatever language that is written.
import { Code, ConnectError } from "@connectrpc/connect";
import { createChannel } from "@vyra/ipc";
import { BackendService } from "@vyra/ipc/proto";

const [module = "my_module"] = process.argv.slice(2);
const channel = createChannel(module, { timeoutMs: 5_000 });
const backend = channel.client(BackendService);
try {
  const { status } = await backend.getStatus({});
  console.log(`status: ${status}`);
  const { result } = await backend.processData({ data: "hello" });
  console.log(`result: ${result}`);
} catch (error) {
  switch (ConnectError.from(error).code) {
    case Code.Unavailable:
      console.log("the backend is not running");
      break;
    case Code.DeadlineExceeded:
      console.log("the backend is too slow");
      break;
    default:
      throw error;
  }
} finally {
  await channel.close();
}
