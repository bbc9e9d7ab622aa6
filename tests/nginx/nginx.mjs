// Starts nginx in front of a server of ours: as this user, in a folder of its own, in the foreground.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Program } from "../interop/processes.mjs";

const startMs = 5_000;
const endMs = 5_000;

/** Which nginx there is, such as `nginx/1.22.1`; undefined if there is none. */
export function nginxVersion() {
  return /nginx\/[\d.]+/.exec(spawnSync("nginx", ["-v"], { env, encoding: "utf8" }).stderr ?? "")?.[0];
}

/** Debian puts it where only root looks. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/**
 * Starts nginx as a gRPC proxy to the server at `target`, a socket's path.
 *
 * @returns where it listens, as a gRPC client dials it: `fresh` has a connection to the server for each call, `kept` keeps
 *   connections to use them again. `stop()` ends it, and returns what it complained of.
 */
export async function startNginx(target) {
  const folder = mkdtempSync(join(tmpdir(), "vyra-nginx-"));
  const sockets = { fresh: join(folder, "fresh.sock"), kept: join(folder, "kept.sock") };
  writeFileSync(join(folder, "nginx.conf"), configuration(folder, sockets, target));
  const program = new Program(["nginx", "-p", folder, "-e", "stderr", "-c", "nginx.conf"], { env });
  for (const giveUpAt = Date.now() + startMs; !Object.values(sockets).every(existsSync); await delay(10)) {
    if (Date.now() > giveUpAt || (await program.endsWithin(0))) {
      throw new Error(`nginx did not start: ${program.stderr}`);
    }
  }
  return {
    fresh: `unix:${sockets.fresh}`,
    kept: `unix:${sockets.kept}`,
    async stop() {
      program.kill("SIGTERM");
      if (!(await program.endsWithin(endMs))) {
        program.kill("SIGKILL");
      }
      rmSync(folder, { recursive: true, force: true });
      return program.stderr;
    },
  };
}

function configuration(folder, sockets, target) {
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
      client_max_body_size 0; # the server has its own limit

      upstream kept {
        server unix:${target};
        keepalive 8;
      }
      server {
        listen unix:${sockets.fresh} http2;
        location / {
          grpc_pass grpc://unix:${target};
        }
      }
      server {
        listen unix:${sockets.kept} http2;
        location / {
          grpc_pass grpc://kept;
        }
      }
    }
  `;
}
