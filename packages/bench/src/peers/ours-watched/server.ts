import { serve } from "@vyra/ipc";
import { serverProgram } from "../../program/server-program.js";
import { benchRoutes } from "../shared/connect-service.js";
import { interceptorsOf } from "./interceptors.js";

await serverProgram(async (socket, job, [name]) => {
  const server = await serve({
    socket,
    routes: benchRoutes(job.withExtras),
    engine: "direct",
    interceptors: interceptorsOf(name),
  });
  if (name === "direct-stats") {
    server.stats(); // the first call of stats() switches the counting on
  }
});
