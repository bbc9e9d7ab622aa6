import { createChannel } from "@vyra/ipc";
import { BackendService } from "@vyra/ipc/proto";
import { telemetry } from "@vyra/ipc/telemetry";

export const dynamic = "force-dynamic"; // otherwise it is called once, when the program is built

const interceptors = [telemetry()];
const backend = createChannel("backend", { interceptors }).client(BackendService);
const itself = createChannel("next", { interceptors }).client(BackendService);

export async function GET() {
  const answers = await Promise.all([backend, itself].map((client) => client.processData({ data: "hello" })));
  return Response.json(answers.map(({ result }) => result));
}
