import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SignpolicyError } from "../errors.ts";

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
