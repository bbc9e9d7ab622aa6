import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { usage } from "../../failure.js";

/** The template of a module. It is called `my_module`, and its service `MyModuleService`. */
const template = fileURLToPath(new URL("../../../templates/module", import.meta.url));
const templateName = "my_module";

/**
 * Some files have another name in the template, because npm would leave them out of the package or read them itself.
 */
const renamed: Readonly<Record<string, string>> = { gitignore: ".gitignore", "package.template.json": "package.json" };

export interface Created {
  readonly module: string;
  /** The paths of the files within the folder. */
  readonly files: string[];
}

/**
 * Creates a module from the template.
 *
 * @param packages a folder with tarballs of the @vyra packages; undefined to install them from the registry.
 * @throws {Failure} if the folder is not empty, or the name is not valid.
 */
export async function createModule(folder: string, name: string, packages: string | undefined): Promise<Created> {
  const module = moduleName(name);
  await assertEmpty(folder);
  const files = new Map<string, string>();
  for (const path of await filesIn(template)) {
    const text = await readFile(join(template, path), "utf8");
    const target = adapt(renamed[path] ?? path, module);
    files.set(target, await finished(target, adapt(text, module), packages));
  }
  for (const [target, text] of files) {
    await mkdir(dirname(join(folder, target)), { recursive: true });
    await writeFile(join(folder, target), text);
  }
  return { module, files: [...files.keys()].sort() };
}

/** The name is used for a socket, a proto package and an npm package, so it has to be valid as each of them. */
function moduleName(name: string): string {
  const module = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  if (!/^[a-z]/.test(module)) {
    throw usage(
      `${JSON.stringify(name)} is not a valid module name: it must begin with a letter (--name sets another)`,
    );
  }
  return module;
}

function adapt(text: string, module: string): string {
  const pascal = (name: string) => name.replace(/(?:^|_)(.)/g, (_, first: string) => first.toUpperCase());
  return text.replaceAll(templateName, module).replaceAll(pascal(templateName), pascal(module));
}

async function finished(path: string, text: string, packages: string | undefined): Promise<string> {
  return path === "package.json" && packages !== undefined ? withTarballs(text, packages) : text;
}

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

/** All @vyra packages have to come from the tarballs, including those that only other @vyra packages depend on. */
async function withTarballs(text: string, folder: string): Promise<string> {
  const manifest = JSON.parse(text) as Manifest;
  const names = existsSync(folder) ? await readdir(folder) : [];
  const tarball = (name: string) => {
    const file = names.find((one) => new RegExp(`^vyra-${name}-\\d.*\\.tgz$`).test(one));
    if (file === undefined) {
      throw usage(`there is no tarball of @vyra/${name} in ${folder}: npm pack it there`);
    }
    return `file:${resolve(folder, file)}`;
  };
  manifest.dependencies["@vyra/http2"] = tarball("http2");
  manifest.dependencies["@vyra/ipc"] = tarball("ipc");
  manifest.devDependencies["@vyra/ipc-cli"] = tarball("ipc-cli");
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

async function assertEmpty(folder: string): Promise<void> {
  if (folder === "") {
    throw usage("the name of the folder is empty");
  }
  let entries: string[] = [];
  try {
    entries = await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") {
      throw usage(code === "ENOTDIR" ? `${folder} is a file` : `cannot read ${folder} (${code})`);
    }
  }
  if (entries.some((entry) => entry !== ".git")) {
    throw usage(`${folder} is not empty: name a new folder`);
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
