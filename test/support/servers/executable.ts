/** The one-file program, on servers whose PATH holds no node. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { projectRoot } from "../clone.ts";
import { isInstalled, type Tool } from "../tools.ts";
import type { ServerProgram } from "./installed.ts";

export const EXECUTABLE = join(projectRoot, "executable", "signpolicy");

/** Builds it where what is there is not of these sources; takes some seconds then. */
export function buildExecutable(...more: readonly string[]): void {
  const script = fileURLToPath(new URL("../../../scripts/build-executable.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, "--if-stale", ...more], { encoding: "utf8" });
  if (status !== 0) throw new Error(`build:executable failed: ${stderr}`);
}

export const NEEDED: readonly Tool[] = ["a node without libnode"];

/** The executable, built, and a PATH for those who run it. */
export class ExecutablePlace {
  #scratch = "";

  /** For what tests write. */
  get scratch(): string {
    return this.#scratch;
  }

  get program(): ServerProgram {
    return { words: [EXECUTABLE], path: join(this.#scratch, "bin") };
  }

  prepare(): void {
    if (!NEEDED.every(isInstalled)) return;
    buildExecutable();
    this.#scratch = mkdtempSync(join(realpathSync(tmpdir()), "sp-path-"));
    // Other users are to find programs there, too.
    chmodSync(this.#scratch, 0o755);
    pathWithoutNode(this.program.path);
  }

  remove(): void {
    if (this.#scratch !== "") rmSync(this.#scratch, { recursive: true, force: true });
  }
}

const NODE = /^(?:node|nodejs|npm|npx|corepack|yarn|pnpm)$/;

/** A folder with every program of this machine's PATH but node and what needs it. */
function pathWithoutNode(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const taken = new Set<string>();
  for (const place of (process.env["PATH"] ?? "").split(":").filter((part) => part.startsWith("/"))) {
    for (const name of readdirIfAny(place)) {
      if (NODE.test(name) || taken.has(name)) continue;
      taken.add(name);
      symlinkSync(join(place, name), join(folder, name));
    }
  }
}

function readdirIfAny(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
