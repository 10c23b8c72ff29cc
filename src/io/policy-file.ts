import { lstatSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { PolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { readPlainFile } from "./plain-files.ts";

/** Until a policy can say otherwise. */
const POLICY_BYTES = 4 * 1024 * 1024;
const KEY_BYTES = 2 * 1024 * 1024;

/** Endings of what node, a bundler or a shell would run. */
const CODE = new Set([
  "js",
  "jsx",
  "cjs",
  "cjsx",
  "mjs",
  "mjsx",
  "ts",
  "tsx",
  "cts",
  "ctsx",
  "mts",
  "mtsx",
  "sh",
  "py",
  "wasm",
  "node",
]);
const isCode = (file: string): boolean => CODE.has(file.slice(file.lastIndexOf(".") + 1).toLowerCase());

/**
 * Reads a policy file, by its path relative to a folder whose path is absolute, as bytes; null where there is none. Data
 * only: a file of code is refused, and so are links, folders, devices and what is too large. Never searches, follows no
 * `$import`.
 *
 * @param isKnown - whether these bytes have been loaded before, and need not be again
 *
 * @throws PolicyError ERR_POLICY_UNREADABLE
 */
export async function readPolicyFile(
  folder: string,
  path: string,
  isKnown: (bytes: Bytes) => boolean = () => false,
): Promise<Bytes | null> {
  const file = join(folder, path);
  if (!isAbsolute(file)) throw unreadable(file, "its path is not absolute");
  if (isCode(file)) throw unreadable(file, "a policy is data (YAML or JSON), and code is never run");
  // cosmiconfig opens what the path leads to before it asks the loader: see first that this ends, and ends here.
  const bytes = readPlainFile(file, POLICY_BYTES);
  if (bytes === null) return null;
  refuseLinks(folder, path);
  if (isKnown(bytes)) return bytes;
  const result = (await explorer()).load(file);
  // Of a file of white space the loader is not asked, and there is nothing in it to judge.
  return (result?.config as Loaded | undefined)?.bytes ?? new Uint8Array();
}

export const NO_KEY_FILE = "there is no such file beside the policy";

/**
 * Reads a key file by its path relative to the policy's folder.
 *
 * @throws PolicyError ERR_POLICY_UNREADABLE
 */
export function readKeyFile(folder: string, path: string): Bytes {
  const bytes = readPlainFile(join(folder, path), KEY_BYTES);
  if (bytes === null) throw unreadable(path, NO_KEY_FILE);
  refuseLinks(folder, path);
  return bytes;
}

/** Nothing on the way may be a link: in a commit's tree the same path must lead to the same file. */
function refuseLinks(folder: string, path: string): void {
  const real = relative(realpathSync.native(folder), realpathSync.native(join(folder, path)));
  if (real.split(sep).join("/") !== path)
    throw unreadable(path, "its path leads elsewhere (through a symbolic link, or in another case)");
}

/** Names that stand in a folder, links that lead nowhere included. */
export function namesPresent(folder: string, names: readonly string[]): readonly string[] {
  return names.filter((name) => isPresent(join(folder, name)));
}

function isPresent(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    // Whether there is another policy cannot be told.
    throw unreadable(path, message);
  }
}

interface Loaded {
  readonly bytes: Bytes;
}

/**
 * Our own loader for every extension and none: the bytes as they are, for the policy's own strict reader. cosmiconfig's
 * text has lost what is not UTF-8, its YAML reads times and ids as other things, and its loaders of code run it. Of
 * `package.json` it hands on the member alone, which is for the strict reader to find: the file's bytes stand in for it.
 */
function load(path: string): Loaded & { readonly signpolicy: Loaded } {
  const bytes = readPlainFile(path, POLICY_BYTES);
  if (bytes === null) throw unreadable(path, "it has gone away");
  return { bytes, signpolicy: { bytes } };
}

let opened: ReturnType<typeof openExplorer> | null = null;

/** Opened once: root, who acts as a repository's owner by then, may be in a folder that the owner cannot enter. */
const explorer = (): ReturnType<typeof openExplorer> => (opened ??= openExplorer());

async function openExplorer() {
  const { cosmiconfigSync } = await import("cosmiconfig");
  // Constructing cosmiconfig 9 runs `.config/config.js` of the current folder and takes its search from
  // `.config/config.json` (measured). The folder of this very file is the one where whoever could put them there could
  // change this line as well. No await in between: nothing else sees the other folder.
  const before = currentFolder();
  process.chdir(import.meta.dirname);
  try {
    const loaders = Object.fromEntries(
      [".yaml", ".yml", ".json", ".js", ".cjs", ".mjs", ".ts", "noExt", "default"].map((extension) => [
        extension,
        load,
      ]),
    );
    return cosmiconfigSync("signpolicy", {
      searchPlaces: [".signpolicyrc"],
      loaders,
      cache: false,
      searchStrategy: "none",
    });
  } finally {
    if (before !== null) process.chdir(before);
  }
}

/** Null where the folder has been removed under us: there is nowhere to go back to. */
function currentFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

const unreadable = (path: string, why: string): PolicyError =>
  new PolicyError("ERR_POLICY_UNREADABLE", `${path} cannot be used: ${why}`);
