import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { MyModuleService } from "./gen/my_module_pb.js";

/** The implementation of the service. It does not depend on sockets. */
export const service: ServiceImpl<typeof MyModuleService> = {
  greet({ name }) {
    if (name === "") {
      throw new ConnectError("name is empty", Code.InvalidArgument);
    }
    return { text: `Hello, ${name}!` };
  },

  async *count({ to }, { signal }) {
    for (let number = 1; number <= to; number++) {
      yield { number };
      await delay(100, undefined, { signal });
    }
  },
};
