// A real terminal, by tmux: what a user types and what a user sees.
import { spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

let opened = 0;

/** A shell in a terminal of its own. */
export class Terminal {
  #name = `vyra-cli-${process.pid}-${opened++}`;

  #env;

  /**
   * @param env what the shell's environment has besides ours.
   * @param shell the command line of the shell.
   */
  constructor({ columns = 100, rows = 40, cwd = process.cwd(), env = {}, shell = "bash --norc --noprofile" } = {}) {
    // A tmux server passes on the environment that it was started with; each terminal has a server of its own.
    this.#env = { ...process.env, ...env, PS1: "$ ", TMUX: undefined };
    const size = ["-x", String(columns), "-y", String(rows)];
    this.#tmux("-f", "/dev/null", "new-session", "-d", ...size, "-c", cwd, shell);
  }

  /** Types a line, and Enter. */
  type(text) {
    this.write(text);
    this.press("Enter");
  }

  /** Types without Enter. */
  write(text) {
    this.#tmux("send-keys", "-l", "--", text);
  }

  /** Presses a key by tmux' name for it: q, C-c, C-d. */
  press(key) {
    this.#tmux("send-keys", key);
  }

  resize(columns, rows) {
    this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** What is on the screen now; with `colors`, in escape sequences as well. */
  screen({ colors = false } = {}) {
    return this.#tmux("capture-pane", "-p", ...(colors ? ["-e"] : [])).trimEnd();
  }

  /** Waits until the screen shows this. @returns the screen. */
  async shows(pattern, { withinMs = 20_000 } = {}) {
    const giveUpAt = performance.now() + withinMs;
    for (;;) {
      const screen = this.screen();
      if (pattern.test(screen)) {
        return screen;
      }
      if (performance.now() > giveUpAt) {
        throw new Error(`the terminal does not show ${pattern}, but:\n${screen}`);
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
