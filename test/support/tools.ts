/** Programs that tests compare us with. Where one is absent its tests are skipped, with its name in theirs. */
import { describe, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { DAEMON_PATH } from "./servers/processes.ts";

/** How to ask each whether it is there: any exit but "no such program" will do. */
const PROBES = {
  git: ["--version"],
  gpg: ["--version"],
  gpgsm: ["--version"],
  gitsign: ["--version"],
  "ssh-keygen": ["-Y"],
  openssl: ["version"],
  sshd: ["-V"],
  "git-shell": ["-c", "true"],
  nginx: ["-v"],
  fcgiwrap: ["-h"],
  gitolite: ["version"],
  bash: ["--version"],
  zsh: ["--version"],
  fish: ["--version"],
  mandoc: ["-T", "locale", "/dev/null"],
  setsid: ["--version"],
  script: ["--version"],
  chromium: ["--version"],
  "git-lfs": ["version"],
  "sq-git": ["--help"],
  lefthook: ["version"],
  "lint-staged": ["--version"],
  commitlint: ["--version"],
  pnpm: ["--version"],
  yarn: ["--version"],
  "pre-commit": ["--version"],
} as const;

/** Debian's node has most of itself in a library: a copy of it is no program that stands alone. */
const WHOLE_NODE = "a node without libnode";

/** CI may have cloned this very project without its past, which a policy refuses to judge. */
const WHOLE_CLONE = "the project's whole history";

/** With them a test hides a program of the machine's from what it starts. */
const OWN_MOUNTS = "unshare, and the right to mounts of one's own";

/** OpenSSH's own stand-in for a security key, `regress/misc/sk-dummy` of its source: it never waits for a touch. */
export const SK_PROVIDER = process.env["SIGNPOLICY_TEST_SK_PROVIDER"] ?? "";
const SECURITY_KEY = "SIGNPOLICY_TEST_SK_PROVIDER";

export type Tool =
  keyof typeof PROBES | typeof WHOLE_NODE | typeof WHOLE_CLONE | typeof OWN_MOUNTS | typeof SECURITY_KEY;

const mayMount = (): boolean => spawnSync("unshare", ["-rm", "true"], { stdio: "ignore" }).status === 0;

const isWholeClone = (): boolean =>
  spawnSync("git", ["rev-parse", "--is-shallow-repository"], { encoding: "utf8" }).stdout.trim() === "false";

const isShared = (): boolean =>
  Object.entries(process.config.variables).some(([name, is]) => name === "node_shared" && is === true);

const found = new Map<Tool, boolean>();

/** `SIGNPOLICY_TEST_WITHOUT=gpg,ssh-keygen` plays a machine that lacks them. */
export function isInstalled(tool: Tool): boolean {
  let is = found.get(tool);
  if (is === undefined) {
    const without = (process.env["SIGNPOLICY_TEST_WITHOUT"] ?? "").split(",");
    const options = { stdio: "ignore", timeout: 10_000, env: { ...process.env, PATH: DAEMON_PATH } } as const;
    const runs = (program: keyof typeof PROBES) => spawnSync(program, PROBES[program], options).error === undefined;
    is = !without.includes(tool) && hasTool(tool, runs);
    found.set(tool, is);
  }
  return is;
}

function hasTool(tool: Tool, runs: (program: keyof typeof PROBES) => boolean): boolean {
  if (tool === WHOLE_NODE) return !isShared();
  if (tool === OWN_MOUNTS) return mayMount();
  if (tool === SECURITY_KEY) return SK_PROVIDER !== "";
  return tool === WHOLE_CLONE ? isWholeClone() : runs(tool);
}

/** `describe` that needs programs; without them its tests are skipped and say which program was missing. */
export function describeWith(tools: Tool | readonly Tool[], name: string, body: () => void): void {
  const missing = missingOf(tools);
  if (missing.length === 0) describe(name, body);
  else describe.skip(`${name} [needs ${missing.join(", ")}]`, body);
  tell(name, missing);
}

/** `it` that needs programs. */
export function itWith(
  tools: Tool | readonly Tool[],
  name: string,
  body: () => void | Promise<void>,
  timeout?: number,
): void {
  const missing = missingOf(tools);
  if (missing.length === 0) it(name, body, timeout);
  else it.skip(`${name} [needs ${missing.join(", ")}]`, () => undefined);
  tell(name, missing);
}

const missingOf = (tools: Tool | readonly Tool[]): readonly Tool[] =>
  (typeof tools === "string" ? [tools] : tools).filter((tool) => !isInstalled(tool));

/** Jest counts what is skipped; it names it only with `--verbose`, and nobody runs that. */
function tell(name: string, missing: readonly Tool[]): void {
  if (missing.length > 0) process.stderr.write(`skipped for want of ${missing.join(", ")}: ${name}\n`);
}
