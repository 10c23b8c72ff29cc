/** Gathers what goes to a server: this package and its one dependency, or the one file that holds both and a node. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { LICENCE_ASSETS, assetBytes, isExecutable } from "../io/executable.ts";
import { entryIfAny, isFolder, listFiles, readBytes, readTextIfAny } from "../io/files.ts";
import { packageRoot } from "../io/package-root.ts";
import { runProgram } from "../io/programs.ts";
import type { Bytes } from "../model.ts";
import type { ServerPackage } from "./server-package.ts";
import { ENTRY, withManifest } from "./server-package.ts";

const OWN = ["package.json", "LICENSE", "dist", "hooks", "config"];
const OPENPGP = ["package.json", "LICENSE", "README.md", "dist/node"];

/**
 * The program of the kind that is asked for; run as one file it can only give that file.
 *
 * @throws SignpolicyError ERR_INSTALL when it is not complete
 */
export async function collectProgram(selfContained: boolean): Promise<ServerPackage> {
  if (isExecutable()) {
    const texts = LICENCE_ASSETS.map((name) => [name, Buffer.from(assetBytes(name))] as const);
    const files = new Map<string, Bytes>([[ENTRY.executable, await readBytes(process.execPath)], ...texts]);
    return withManifest("executable", SIGNPOLICY_VERSION, files);
  }
  return selfContained ? collectExecutable() : collectPackage();
}

/** The executable that `npm run build:executable` made of this checkout; a package from a registry has none. */
async function collectExecutable(): Promise<ServerPackage> {
  const root = packageRoot();
  const folder = join(root, "executable");
  const files = new Map<string, Bytes>();
  await collect(folder, [ENTRY.executable, ...LICENCE_ASSETS], "", files);
  const version = await packageVersion(root);
  const path = join(folder, ENTRY.executable);
  const hint = "run `npm run build:executable` in a checkout of signpolicy, or install with the executable itself";
  if (!files.has(ENTRY.executable)) throw new SignpolicyError("ERR_INSTALL", `${path} is missing`, { hint });
  const { output } = await runProgram(path, ["--version"], { cwd: folder, environment: {} });
  if (output.trim() === version) return withManifest("executable", version, files);
  throw new SignpolicyError("ERR_INSTALL", `${path} is not of version ${version}`, { hint });
}

async function collectPackage(): Promise<ServerPackage> {
  const root = packageRoot();
  const files = new Map<string, Bytes>();
  await collect(root, OWN, "", files);
  if (!files.has(ENTRY.package))
    throw new SignpolicyError("ERR_INSTALL", `${join(root, ENTRY.package)} is missing: build the package`);
  await collect(openpgpRoot(root), OPENPGP, "node_modules/openpgp/", files);
  return withManifest("package", await packageVersion(root), files);
}

async function packageVersion(root: string): Promise<string> {
  const { version } = JSON.parse((await readTextIfAny(join(root, "package.json"))) ?? "{}") as { version?: unknown };
  if (typeof version === "string" && /^[\w.+-]+$/.test(version)) return version;
  throw new SignpolicyError("ERR_INSTALL", "package.json of signpolicy names no version");
}

async function collect(
  root: string,
  names: readonly string[],
  prefix: string,
  into: Map<string, Bytes>,
): Promise<void> {
  for (const name of names) {
    const path = join(root, name);
    if (await isFolder(path)) {
      for (const file of await listFiles(path)) {
        if (!file.endsWith(".map")) into.set(`${prefix}${name}/${file}`, await readBytes(join(path, file)));
      }
    } else if ((await entryIfAny(path)) !== null) into.set(prefix + name, await readBytes(path));
  }
}

function openpgpRoot(root: string): string {
  try {
    const main = createRequire(join(root, "package.json")).resolve("openpgp");
    return main.slice(0, main.lastIndexOf(join("openpgp", "dist")) + "openpgp".length);
  } catch (cause) {
    throw new SignpolicyError("ERR_INSTALL", "the openpgp package is not installed beside signpolicy", {
      hint: "npm install",
      cause,
    });
  }
}
