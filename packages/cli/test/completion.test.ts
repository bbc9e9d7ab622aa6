import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { run } from "./support/command.js";
import { ownShop, shopProto } from "./support/shop.js";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("vyra-ipc completion", () => {
  const { folder } = ownShop("mute_ipc.sock", "my folder", "vyra-ipc", "file.json");
  const mute = createServer();

  before(async () => {
    process.env.VYRA_IPC_COMPLETION_TIMEOUT = "1m"; // the machine may be busy
    await new Promise<void>((resolve) => mute.listen({ path: join(folder, "mute_ipc.sock") }, resolve));
    mkdirSync(join(folder, "my folder"));
    writeFileSync(join(folder, "file.json"), "{}");
    chmodSync(main, 0o755); // npm does the same when it installs the package
    symlinkSync(main, join(folder, "vyra-ipc"));
  });

  after(async () => {
    mute.close();
    delete process.env.VYRA_IPC_COMPLETION_TIMEOUT;
  });

  /** Returns the candidates for the last of these words, without their descriptions. */
  async function candidates(...words: string[]): Promise<string[]> {
    const { code, stdout, stderr } = await run(["__complete", "--", ...words]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    return stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split("\t")[0] as string);
  }

  const cases: readonly (readonly [words: readonly string[], expected: readonly string[]])[] = [
    [["c"], ["call", "completion"]],
    [["help", "be"], ["bench"]],
    [["nothing", ""], []],
    [["call", "sh"], ["shop"]],
    [
      ["call", ""],
      ["mute", "shop"],
    ],
    [["top", "shop", "m"], ["mute"]],
    [
      ["call", `${folder}/`],
      [`${folder}/mute_ipc.sock`, `${folder}/my folder/`, `${folder}/shop_ipc.sock`],
    ],
    [["call", `unix:${folder}/s`], [`unix:${folder}/shop_ipc.sock`]],
    [
      ["call", "shop", "P"],
      ["Place", "PlaceOld"],
    ],
    [
      ["call", "shop", "cli.test.ShopService/Ha"],
      ["cli.test.ShopService/Haggle", "cli.test.ShopService/Hang"],
    ],
    [["call", "--trust", "0", "shop", "Wat"], ["Watch"]],
    [["call", "shop", "grpc.health.v1.Health/C"], ["grpc.health.v1.Health/Check"]],
    [["call", "nobody", ""], []],
    [["call", "nobody", "--proto", shopProto, "Su"], ["Sum"]],
    [["call", "shop", "Place", "--tim"], ["--timeout"]],
    [["call", "shop", "Place", "--timeout", ""], []],
    [["call", "shop", "Place", "--", "--tim"], [":files"]],
    [["call", "shop", "Place", ""], [":files"]],
    [["describe", "shop", "Ord"], ["Order"]],
    [
      ["describe", "shop", "ShopService.Ha"],
      ["ShopService.Haggle", "ShopService.Hang"],
    ],
    [["describe", "shop", "cli.test.It"], ["cli.test.Item"]],
    [["health", "shop", "cli"], ["cli.test.ShopService"]],
    [["wait", "shop", "--service=cli"], ["--service=cli.test.ShopService"]],
    [["describe", "shop", "--out", ""], [":folders"]],
    [["call", "shop", "--descriptor-set", ""], [":files"]],
    [
      ["gen", "--target", ""],
      ["ts", "js"],
    ],
    [["gen", "--target=j"], ["--target=js"]],
    [["ls", ""], [":folders"]],
    [["ls", "", ""], []],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["-"], ["--version", "-V", "--help", "-h"]],
    [[""], ["ls", "describe", "call", "health", "wait", "bench", "top", "init", "gen", "completion", "help"]],
  ];
  for (const [words, expected] of cases) {
    it(`completes: ${words.join(" ")}`, async () => {
      assert.deepEqual(await candidates(...words), expected);
    });
  }

  it("has no candidates if a server does not answer in time", async () => {
    const env = { VYRA_IPC_COMPLETION_TIMEOUT: "100ms" };
    const { code, stdout, stderr } = await run(["__complete", "--", "call", "mute", ""], { env });
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
  });

  it("describes the candidates", async () => {
    const { stdout } = await run(["__complete", "--", "call", "shop", "Hag"]);
    assert.equal(stdout, "Haggle\tstream Offer → stream Offer\n");
  });

  it("has a script for three shells", async () => {
    const { code, stderr } = await run(["completion", "tcsh"]);
    assert.equal(code, 2);
    assert.match(stderr, /Allowed choices are bash, zsh, fish/);
    assert.match((await run(["completion", "--help"])).stdout, /eval "\$\(vyra-ipc completion bash\)"/);
    assert.doesNotMatch((await run(["--help"])).stdout, /__complete/);
  });

  for (const [line, expected] of [
    ["vyra-ipc des", ["describe"]],
    ["vyra-ipc call sho", ["shop"]],
    ["vyra-ipc call shop Pl", ["Place", "PlaceOld"]],
    ["vyra-ipc call shop cli.test.ShopService/Pl", ["cli.test.ShopService/Place", "cli.test.ShopService/PlaceOld"]],
    ["vyra-ipc wait shop --service=cli", ["cli.test.ShopService"]],
    [`vyra-ipc call unix:${folder}/sh`, [`${folder}/shop_ipc.sock`]],
    [`vyra-ipc call ${folder}/my`, [`${folder}/my\\ folder/`]],
    [`vyra-ipc call shop Place ${folder}/fi`, [`${folder}/file.json`]],
    [`vyra-ipc ls ${folder}/`, [`${folder}/my folder`]],
    ["vyra-ipc call shop ", ["Place", "Watch", "Sum", "Haggle", "Fail", "Hang", "PlaceOld"]],
  ] as const) {
    it(`works in bash: ${line}`, async () => {
      assert.deepEqual(await inBash(line), expected);
    });
  }

  /** Returns what bash offers for a line. bash splits lines into words by its own rules, with COMP_WORDBREAKS. */
  async function inBash(line: string): Promise<string[]> {
    const words: string[] = line.match(/[:=]+|[^\s:=]+/g) ?? [];
    if (line.endsWith(" ")) {
      words.push("");
    }
    const script = `
      eval "$(vyra-ipc completion bash)"
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      [[ $(complete -p vyra-ipc) == "complete -F _vyra_ipc vyra-ipc" ]] || echo "not registered"
      _vyra_ipc vyra-ipc
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    // The command has to run asynchronously, since the server that it asks is in this process.
    const { stdout, stderr } = await promisify(execFile)("bash", ["--norc", "-c", script, "bash", ...words], {
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
    });
    assert.equal(stderr, "");
    return stdout.split("\n").slice(0, -1);
  }
});
