// A real terminal, provided by tmux. Tests type into it and read its screen.
import { spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

let opened = 0;

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
  /** Environment variables of the shell in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command line of the shell. */
  readonly shell?: string;
}

/** A shell in a terminal of its own. */
export class Terminal {
  readonly #name = `vyra-cli-${process.pid}-${opened++}`;
  readonly #env: NodeJS.ProcessEnv;

  constructor(options: TerminalOptions = {}) {
    const { columns = 100, rows = 40, cwd = process.cwd(), env = {}, shell = "bash --norc --noprofile" } = options;
    // A tmux server passes its own environment on to its shells, so each terminal has its own server.
    this.#env = { ...process.env, ...env, PS1: "$ ", TMUX: undefined };
    const size = ["-x", String(columns), "-y", String(rows)];
    this.#tmux("-f", "/dev/null", "new-session", "-d", ...size, "-c", cwd, shell);
  }

  /** Types a line, and Enter. */
  type(text: string): void {
    this.write(text);
    this.press("Enter");
  }

  /** Types without Enter. */
  write(text: string): void {
    this.#tmux("send-keys", "-l", "--", text);
  }

  /** Presses a key by tmux' name for it: q, C-c, C-d. */
  press(key: string): void {
    this.#tmux("send-keys", key);
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** Returns the text on the screen; with `colors`, including escape sequences. */
  screen({ colors = false } = {}): string {
    return this.#tmux("capture-pane", "-p", ...(colors ? ["-e"] : [])).trimEnd();
  }

  /** Waits until the screen matches the pattern. @returns the screen. */
  shows(pattern: RegExp): Promise<string> {
    return this.until((screen) => pattern.test(screen), String(pattern));
  }

  /** Waits until a condition holds for the screen. @returns the screen. */
  async until(holds: (screen: string) => boolean, what: string, { withinMs = 20_000 } = {}): Promise<string> {
    const giveUpAt = performance.now() + withinMs;
    for (;;) {
      const screen = this.screen();
      if (holds(screen)) {
        return screen;
      }
      if (performance.now() > giveUpAt) {
        throw new Error(`the terminal does not show ${what}, but:\n${screen}`);
      }
      await delay(30);
    }
  }

  close(): void {
    this.#tmux("kill-server");
  }

  #tmux(...args: string[]): string {
    const { status, error, stdout, stderr } = spawnSync("tmux", ["-L", this.#name, ...args], {
      encoding: "utf8",
      env: this.#env,
    });
    if (status !== 0) {
      throw new Error(`tmux ${args.join(" ")}: ${error ?? stderr}`);
    }
    return stdout;
  }
}
