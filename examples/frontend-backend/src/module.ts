import { type Config, defaultConfig } from "./config.js";

/** What the backend's two services share: how it is set up, and what it has done so far. */
export class Module {
  config: Config | undefined;
  texts = 0;
  words = 0;

  /** The configuration in force. */
  get settings(): Config {
    return this.config ?? defaultConfig;
  }
}
