import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Shop } from "./shop.js";
import { Terminal } from "./terminal.js";

/** How each shell is started without any user's settings, and the commands that it reads first. */
const shells = {
  bash: { shell: "bash --norc --noprofile", setUp: 'eval "$(vyra-ipc completion bash)"' },
  zsh: { shell: "zsh -f", setUp: 'PS1="$ "; autoload -U compinit; compinit -D -u; eval "$(vyra-ipc completion zsh)"' },
  fish: { shell: "fish --private", setUp: "function fish_prompt; echo '$ '; end; vyra-ipc completion fish | source" },
};

for (const [name, { shell, setUp }] of Object.entries(shells)) {
  describe(`vyra-ipc completes in ${name}`, () => {
    const shop = new Shop();
    const { folder, home } = shop;
    const env = { ...shop.env, HOME: home, VYRA_IPC_COMPLETION_TIMEOUT: "20s" };
    let terminal: Terminal;

    before(async () => {
      await shop.open();
      writeFileSync(join(home, "request.json"), "{}");
    });

    after(() => shop.close());

    // Each test has its own terminal, because typed text stays in the line.
    beforeEach(async () => {
      terminal = new Terminal({ shell, env, cwd: home, columns: 160 });
      terminal.type(
        `${setUp}; echo ready $((1 + 1))`.replace("$((1 + 1))", name === "fish" ? "(math 1 + 1)" : "$((1 + 1))"),
      );
      await terminal.shows(/^ready 2\n\S+/m); // the prompt after it shows that the shell reads keys itself from now on
    });

    afterEach(() => terminal.close());

    for (const [what, typed, shown] of [
      ["a command", "vyra-ipc desc", /vyra-ipc describe /],
      ["an option", "vyra-ipc call shop Place --time", /--timeout /],
      ["a server", "vyra-ipc health sh", /vyra-ipc health shop /],
      ["a server by its path", `vyra-ipc health ${folder}/sh`, /\/shop_ipc\.sock /],
      ["a server by its address", `vyra-ipc health unix:${folder}/sh`, /unix:\S+\/shop_ipc\.sock /],
      ["a method", "vyra-ipc call shop Hag", /vyra-ipc call shop Haggle /],
      ["a method by its full name", "vyra-ipc call shop cli.test.ShopService/Hag", /ShopService\/Haggle /],
      ["a file", "vyra-ipc call shop --proto req", /--proto request\.json /],
    ] as const) {
      it(what, async () => {
        terminal.write(typed);
        terminal.press("Tab");
        terminal.write("#"); // stands behind the space that the shell adds to a complete word
        await terminal.shows(new RegExp(`${shown.source}#`, "m"));
      });
    }

    it("methods to choose from", async () => {
      terminal.write("vyra-ipc call shop Place");
      terminal.press("Tab");
      terminal.press("Tab");
      const screen = await terminal.shows(/PlaceOld/);
      assert.match(screen, /Place\b(?!Old)/);
    });
  });
}
