import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SignpolicyError } from "../errors.ts";
import { assetText, isExecutable } from "./executable.ts";
import { readTextIfAny } from "./files.ts";

/**
 * The folder of this very package, with `package.json`, `dist` and `hooks` in it.
 *
 * @throws SignpolicyError ERR_INSTALL when this file was taken out of it
 */
export function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, "hooks", "client")) && existsSync(join(folder, "package.json"))) return folder;
  }
  throw new SignpolicyError("ERR_INSTALL", `no signpolicy package around ${start}`, { hint: "npm install signpolicy" });
}

/**
 * What a hook that is to start this very program starts: a JavaScript file with a `#!` line, or the executable.
 *
 * @throws SignpolicyError ERR_INSTALL
 */
export const ownProgram = (): string =>
  isExecutable() ? process.execPath : join(packageRoot(), "dist", "signpolicy.cjs");

/**
 * The text of a hook file, before anything is put into it, as latin-1.
 *
 * @throws SignpolicyError ERR_INSTALL when the package is not whole
 */
export function shimText(name: "client" | "server"): Promise<string> {
  const known = shims.get(name) ?? readShim(`hooks/${name}`);
  shims.set(name, known);
  return known;
}

const shims = new Map<string, Promise<string>>();

async function readShim(path: string): Promise<string> {
  if (isExecutable()) return assetText(path);
  const text = await readTextIfAny(join(packageRoot(), path));
  if (text === null) throw new SignpolicyError("ERR_INSTALL", `${path} is missing from the signpolicy package`);
  return text;
}
