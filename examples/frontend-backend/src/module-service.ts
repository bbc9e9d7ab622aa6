import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { ModuleService } from "@vyra/ipc/proto";
import { ConfigError, readConfig } from "./config.js";
import type { Module } from "./module.js";

/** The backend as its supervisor sees it. */
export function moduleService(module: Module): ServiceImpl<typeof ModuleService> {
  return {
    async initialize({ configPath }) {
      try {
        module.config = await readConfig(configPath);
        return { success: true, message: `initialized as ${JSON.stringify(module.config.name)}` };
      } catch (error) {
        if (error instanceof ConfigError) {
          return { success: false, message: error.message };
        }
        throw error;
      }
    },

    executeCommand({ command, parameters }) {
      const run = commands.get(command);
      if (run === undefined) {
        const names = [...commands.keys()].join(", ");
        return { statusCode: 404, result: `there is no command ${JSON.stringify(command)}: there are ${names}` };
      }
      try {
        return { statusCode: 200, result: run(parameters, module) };
      } catch (error) {
        if (error instanceof ParameterError) {
          return { statusCode: 400, result: `${command}: ${error.message}` };
        }
        throw error;
      }
    },

    getData({ data }) {
      const query = queries.get(data);
      if (query === undefined) {
        const names = [...queries.keys()].join(", ");
        throw new ConnectError(`there is no data ${JSON.stringify(data)}: there are ${names}`, Code.NotFound);
      }
      return { result: JSON.stringify(query(module)) };
    },
  };
}

type Parameters = Readonly<Record<string, string>>;

class ParameterError extends Error {}

/** What `ExecuteCommand` runs. Its status codes are HTTP's: 200 done, 400 wrong parameters, 404 no such command. */
const commands = new Map<string, (parameters: Parameters, module: Module) => string>([
  ["add", (parameters) => String(numberFrom(parameters, "a") + numberFrom(parameters, "b"))],
  ["repeat", (parameters) => textFrom(parameters, "text").repeat(numberFrom(parameters, "times", 1, 100))],
  [
    "reset",
    (_parameters, module) => {
      const had = module.texts;
      module.texts = module.words = 0;
      return `forgot ${had} texts`;
    },
  ],
]);

/** What `GetData` answers, as JSON. */
const queries = new Map<string, (module: Module) => unknown>([
  ["config", ({ settings }) => settings],
  ["counters", ({ texts, words }) => ({ texts, words })],
  ["memory", () => ({ rssBytes: process.memoryUsage.rss() })],
]);

function textFrom(parameters: Parameters, name: string): string {
  const text = parameters[name];
  if (text === undefined) {
    throw new ParameterError(`the parameter ${name} is missing`);
  }
  return text;
}

function numberFrom(parameters: Parameters, name: string, min = -Infinity, max = Infinity): number {
  const text = textFrom(parameters, name);
  const number = text.trim() === "" ? Number.NaN : Number(text);
  if (!(number >= min && number <= max)) {
    const range = Number.isFinite(min) ? ` from ${min} to ${max}` : "";
    throw new ParameterError(`${name} must be a number${range}, not ${JSON.stringify(text)}`);
  }
  return number;
}
