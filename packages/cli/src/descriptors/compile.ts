import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { usage } from "../failure.js";
import { readBytes } from "../grammar/input.js";
import { commandOnPath, packageBin } from "../processes/find-command.js";
import { type Outcome, runProcess } from "../processes/run-process.js";

/** A compiler for proto files that is installed on this machine. */
interface Compiler {
  readonly name: string;
  /** Compiles the files, and the files they import, to a FileDescriptorSet. */
  compile(files: readonly string[], folders: readonly string[]): Promise<Outcome>;
}

/**
 * Compiles proto files with the first compiler that is installed: the project's buf, protoc, or Python's grpcio-tools.
 * This package has no compiler of its own, because whoever writes proto files has one, and knows its error messages.
 *
 * @param folders the folders in which imports are searched. By default it is the folder that the package of each file
 * is relative to.
 * @returns the bytes of a FileDescriptorSet.
 * @throws {Failure} if no compiler is installed, or a file has errors.
 */
export async function compile(files: readonly string[], folders: readonly string[]): Promise<Uint8Array> {
  const paths = files.map((file) => resolve(file));
  const roots = new Set(folders.map((folder) => resolve(folder)));
  for (const path of paths) {
    const source = Buffer.from(await readBytes(path)).toString("utf8");
    if (![...roots].some((root) => isWithin(path, root))) {
      roots.add(rootOf(path, source));
    }
  }
  const compiler = await findCompiler();
  const { isSuccess, stdout, stderr } = await compiler.compile(paths, [...roots]);
  if (!isSuccess) {
    throw usage(`${compiler.name} cannot compile ${files.join(", ")}: ${stderr}`);
  }
  return stdout;
}

/**
 * A file `a/b/acme/shop/x.proto` of package acme.shop imports its siblings as `acme/shop/…`, so imports are relative to
 * `a/b`.
 */
function rootOf(path: string, source: string): string {
  const [, name = ""] = /^\s*package\s+([\w.]+)\s*;/m.exec(source) ?? [];
  const folder = dirname(path);
  const tail = sep + name.replaceAll(".", sep);
  return name !== "" && folder.endsWith(tail) ? folder.slice(0, -tail.length) : folder;
}

async function findCompiler(): Promise<Compiler> {
  const buf = packageBin("@bufbuild/buf", "buf") ?? commandOnPath("buf");
  if (buf !== undefined) {
    return bufCompiler(buf);
  }
  const protoc = commandOnPath("protoc");
  if (protoc !== undefined) {
    return protocCompiler("protoc", protoc, []);
  }
  const python = commandOnPath("python3");
  if (python !== undefined && (await runProcess(python, ["-c", "import grpc_tools.protoc"])).isSuccess) {
    return protocCompiler("grpcio-tools", python, ["-m", "grpc_tools.protoc"]);
  }
  throw usage(
    "no compiler for proto files is installed: npm install --save-dev @bufbuild/buf, or install protoc, " +
      "or use --descriptor-set",
  );
}

/**
 * buf takes one folder that contains all modules. The project's own buf configuration is not used, since it may run
 * lint rules or lock dependencies.
 */
function bufCompiler(buf: string): Compiler {
  return {
    name: "buf",
    compile(files, folders) {
      const top = folders.reduce(commonFolder);
      const modules = folders.map((folder) => ({ path: relative(top, folder) || "." }));
      const config = JSON.stringify({ version: "v2", modules });
      const paths = files.flatMap((file) => ["--path", file]);
      return runProcess(buf, ["build", top, "--config", config, ...paths, "--as-file-descriptor-set", "--output", "-"]);
    },
  };
}

function protocCompiler(name: string, command: string, args: readonly string[]): Compiler {
  return {
    name,
    async compile(files, folders) {
      const work = await mkdtemp(join(tmpdir(), "vyra-ipc-"));
      try {
        const output = join(work, "set.binpb");
        const outcome = await runProcess(command, [
          ...args,
          ...folders.map((folder) => `--proto_path=${folder}`),
          "--include_imports",
          "--include_source_info",
          `--descriptor_set_out=${output}`,
          ...files,
        ]);
        return outcome.isSuccess ? { ...outcome, stdout: await readFile(output) } : outcome;
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    },
  };
}

function commonFolder(a: string, b: string): string {
  return isWithin(b, a) ? a : commonFolder(dirname(a), b);
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
