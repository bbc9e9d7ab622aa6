// A real terminal in tmux, which types and shows what a user would.
import { spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

let opened = 0;

/** A shell in its own terminal. */
export class Terminal {
  #name = `vyra-cli-${process.pid}-${opened++}`;

  #env;

  /**
   * @param env variables that the shell's environment has in addition to this process'.
   * @param shell the command line of the shell.
   */
  constructor({ columns = 100, rows = 40, cwd = process.cwd(), env = {}, shell = "bash --norc --noprofile" } = {}) {
    // A tmux server passes on the environment that it was started with, so each terminal has its own server.
    this.#env = { ...process.env, ...env, PS1: "$ ", TMUX: undefined };
    const size = ["-x", String(columns), "-y", String(rows)];
    this.#tmux("-f", "/dev/null", "new-session", "-d", ...size, "-c", cwd, shell);
  }

  /** Types a line and presses Enter. */
  type(text) {
    this.write(text);
    this.press("Enter");
  }

  /** Types without Enter. */
  write(text) {
    this.#tmux("send-keys", "-l", "--", text);
  }

  /** Presses a key by its name in tmux: q, C-c, C-d. */
  press(key) {
    this.#tmux("send-keys", key);
  }

  resize(columns, rows) {
    this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** Returns the text on the screen; with `colors`, including escape sequences. */
  screen({ colors = false } = {}) {
    return this.#tmux("capture-pane", "-p", ...(colors ? ["-e"] : [])).trimEnd();
  }

  /** Waits until the screen matches the pattern. @returns the screen. */
  shows(pattern) {
    return this.until((screen) => pattern.test(screen), pattern);
  }

  /** Waits until a condition holds for the screen. @returns the screen. */
  async until(holds, what, { withinMs = 20_000 } = {}) {
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

  close() {
    this.#tmux("kill-server");
  }

  #tmux(...args) {
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
