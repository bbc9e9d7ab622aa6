// Starts nginx in the foreground, as this user and in its own folder.
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Program } from "./programs.js";

const startMs = 10_000;
const endMs = 5_000;

/** Debian installs nginx in a folder that is only in root's PATH. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/** Returns the version of nginx, such as `nginx/1.22.1`; undefined if it is not installed. */
export function nginxVersion(): string | undefined {
  return /nginx\/[\d.]+/.exec(spawnSync("nginx", ["-v"], { env, encoding: "utf8" }).stderr ?? "")?.[0];
}

export interface Nginx {
  /** Ends nginx, and returns the errors that it has logged. */
  stop(): Promise<string>;
}

/**
 * Starts nginx, and waits until it listens.
 *
 * @param folder the folder for all its files
 * @param sockets the paths at which it listens
 * @param http the content of the block `http` in its configuration
 */
export async function startNginx(folder: string, sockets: readonly string[], http: string): Promise<Nginx> {
  writeFileSync(join(folder, "nginx.conf"), configuration(folder, http));
  const program = new Program(["nginx", "-p", folder, "-e", "stderr", "-c", "nginx.conf"], { env });
  for (const giveUpAt = Date.now() + startMs; !sockets.every((path) => existsSync(path)); await delay(10)) {
    if (Date.now() > giveUpAt || (await program.endsWithin(0))) {
      throw new Error(`nginx did not start (apt-get install nginx): ${program.stderr}`);
    }
  }
  return {
    async stop() {
      program.kill("SIGTERM");
      if (!(await program.endsWithin(endMs))) {
        program.kill("SIGKILL");
        await program.ended;
      }
      return program.stderr;
    },
  };
}

function configuration(folder: string, http: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  return `
    daemon off;
    master_process off; # one process, of this user
    pid ${folder}/nginx.pid;
    error_log stderr warn;
    events {}
    http {
      access_log off;
      ${temporary.join("\n      ")}
      client_max_body_size 0; # the server behind has its own limit
      ${http}
    }
  `;
}
