// npm run test:runtimes
//
// Server and client on Bun, engine by engine, in `calls.mjs`. The npm package `bun` brings it into .cache/runtimes.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const version = "1.4.5";
const folder = fileURLToPath(new URL(`../../.cache/runtimes/bun-${version}`, import.meta.url));
const bun = `${folder}/node_modules/.bin/bun`;

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", timeout: 300_000 });
  if (error !== undefined || status !== 0) {
    console.error(`${command} ${args.join(" ")} failed: ${error?.message ?? `exit ${status}`}`);
    process.exit(1);
  }
}

if (!existsSync(bun)) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, '{ "private": true }');
  run(
    "npm",
    "install",
    "--prefix",
    folder,
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    `bun@${version}`,
  );
}
run(bun, fileURLToPath(new URL("calls.mjs", import.meta.url)));
