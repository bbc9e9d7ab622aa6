import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { BackendService } from "@vyra/ipc/proto";
import type { Module } from "./module.js";
import { reportOn } from "./text-report.js";

/** The backend as its frontend sees it. */
export function backendService(module: Module): ServiceImpl<typeof BackendService> {
  return {
    getStatus: () => ({
      status: module.config === undefined ? "not initialized" : "ready",
      uptimeSeconds: BigInt(Math.floor(process.uptime())),
    }),

    processData({ data }) {
      const { maxCharacters } = module.settings;
      if (data.length > maxCharacters) {
        throw new ConnectError(
          `the text has ${data.length} characters: at most ${maxCharacters} are worked on`,
          Code.InvalidArgument,
        );
      }
      const report = reportOn(data);
      module.texts += 1;
      module.words += report.words;
      return { result: JSON.stringify(report) };
    },
  };
}
