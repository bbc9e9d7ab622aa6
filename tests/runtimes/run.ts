// npm run test:runtimes
//
// Tests server and client on Bun, engine by engine, with `calls.ts`. The npm package `bun` is installed in
// .cache/runtimes.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cacheFolder, compiled } from "../support/folders.js";

const version = "1.4.5";
const folder = `${cacheFolder("runtimes")}/bun-${version}`;
const bun = `${folder}/node_modules/.bin/bun`;

function run(command: string, ...args: string[]): void {
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
run(bun, compiled("runtimes/calls.js"));
