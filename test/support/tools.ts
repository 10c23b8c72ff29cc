/** Programs that tests compare us with. Where one is absent its tests are skipped, with its name in theirs. */
import { describe } from "@jest/globals";
import { spawnSync } from "node:child_process";

/** How to ask each whether it is there: any exit but "no such program" will do. */
const PROBES = {
  git: ["--version"],
  gpg: ["--version"],
  "ssh-keygen": ["-Y"],
  openssl: ["version"],
} as const;

export type Tool = keyof typeof PROBES;

export function isInstalled(tool: Tool): boolean {
  return spawnSync(tool, PROBES[tool], { stdio: "ignore", timeout: 10_000 }).error === undefined;
}

/** `describe` that needs programs; without them its tests are skipped and say which program was missing. */
export function describeWith(tools: readonly Tool[], name: string, body: () => void): void {
  const missing = tools.filter((tool) => !isInstalled(tool));
  if (missing.length === 0) describe(name, body);
  else describe.skip(`${name} [needs ${missing.join(", ")}]`, body);
}
