/** The one-file program, on servers whose PATH holds no node. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { projectRoot } from "../clone.ts";

export const EXECUTABLE = join(projectRoot, "executable", "signpolicy");

/** Builds it where what is there is not of these sources; takes some seconds then. */
export function buildExecutable(...more: readonly string[]): void {
  const script = fileURLToPath(new URL("../../../scripts/build-executable.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, "--if-stale", ...more], { encoding: "utf8" });
  if (status !== 0) throw new Error(`build:executable failed: ${stderr}`);
}

const NODE = /^(?:node|nodejs|npm|npx|corepack|yarn|pnpm)$/;

/** A folder with every program of this machine's PATH but node and what needs it. */
export function pathWithoutNode(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const taken = new Set<string>();
  for (const place of (process.env["PATH"] ?? "").split(":").filter((part) => part.startsWith("/"))) {
    for (const name of readdirIfAny(place)) {
      if (NODE.test(name) || taken.has(name)) continue;
      taken.add(name);
      symlinkSync(join(place, name), join(folder, name));
    }
  }
  return folder;
}

function readdirIfAny(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
