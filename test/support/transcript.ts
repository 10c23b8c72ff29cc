import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/**
 * Plays the `console` blocks of a page: a line that begins with `$ ` is typed into one bash, the lines below it are what it
 * prints, both outputs together. A line `…` stands for any lines. `<!-- setup … -->` holds commands that readers need not
 * see. Ids, digests,
 * fingerprints and times are compared as what they are, not by their values; `/home/` is a folder made for the page.
 */
interface Step {
  readonly command: string;
  readonly expected: readonly string[];
  /** Of the command, from 1. */
  readonly line: number;
  readonly hidden: boolean;
}

export interface Played extends Step {
  readonly printed: readonly string[];
}

const RECORD = "\u001e";

export function readSteps(text: string): readonly Step[] {
  const steps: Step[] = [];
  let inside: "console" | "setup" | null = null;
  text.split("\n").forEach((line, index) => {
    const last = steps.at(-1);
    if (inside === null) {
      if (line === "```console") inside = "console";
      else if (line === "<!-- setup") inside = "setup";
    } else if (line === (inside === "console" ? "```" : "-->")) inside = null;
    else if (inside === "setup") steps.push({ command: line, expected: [], line: index + 1, hidden: true });
    else if (line.startsWith("$ "))
      steps.push({ command: line.slice(2), expected: [], line: index + 1, hidden: false });
    else if (last?.command.endsWith("\\") === true && line.startsWith("> "))
      steps[steps.length - 1] = { ...last, command: `${last.command}\n${line.slice(2)}` };
    else if (last !== undefined) steps[steps.length - 1] = { ...last, expected: [...last.expected, line] };
  });
  return steps;
}

/** Plays a page in a folder of its own, with a HOME of its own and the built `signpolicy`. */
export function playPage(page: string): readonly Played[] {
  const steps = readSteps(readFileSync(page, "utf8"));
  const root = realpathSync(mkdtempSync(join(tmpdir(), "docs-")));
  try {
    // The pages' /home is the folder made here: nothing outside of it is written.
    const script = steps
      .map(({ command }) => `${command.replaceAll("/home/", `${root}/`)}\nprintf '${RECORD}\\n'\n`)
      .join("");
    const { stdout, status, error } = spawnSync("bash", ["--norc", "-c", `exec 2>&1\n${script}`], {
      cwd: prepare(root),
      env: environment(root),
      encoding: "utf8",
      timeout: 120_000,
    });
    if (error !== undefined) throw error;
    const printed = stdout.split(`${RECORD}\n`);
    if (printed.length !== steps.length + 1) throw new Error(`${page}: bash stopped (${String(status)}):\n${stdout}`);
    return steps.map((step, index) => ({ ...step, printed: linesOf(printed[index] ?? "", root) }));
  } finally {
    spawnSync("gpgconf", ["--homedir", join(root, "alice", ".gnupg"), "--kill", "all"]);
    rmSync(root, { recursive: true, force: true });
  }
}

function prepare(root: string): string {
  for (const folder of ["alice", "alice/.gnupg", "bin"]) mkdirSync(join(root, folder), { mode: 0o700 });
  const program = resolve("dist/signpolicy.cjs");
  for (const name of ["signpolicy", "git-signpolicy"]) symlinkSync(program, join(root, "bin", name));
  writeFileSync(
    join(root, "alice", ".gitconfig"),
    "[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n",
  );
  return join(root, "alice");
}

const environment = (root: string): Record<string, string> => ({
  PATH: `${join(root, "bin")}:${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
  HOME: join(root, "alice"),
  TMPDIR: root,
  LC_ALL: "C",
  TZ: "UTC",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CEILING_DIRECTORIES: root,
  GIT_TERMINAL_PROMPT: "0",
});

const linesOf = (text: string, root: string): readonly string[] => {
  const lines = text
    .replaceAll(root, "/home")
    .split("\n")
    .map((line) => line.trimEnd());
  if (lines.at(-1) === "") lines.pop();
  return lines;
};

const VALUES: readonly (readonly [RegExp, string])[] = [
  [/sha256:[0-9a-f]{9,64}/g, "sha256:<digest>"],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<uuid>"],
  [/\b\d+\.\d s\b/g, "<seconds>"],
  [/SHA256:[\w+/]{43}/g, "SHA256:<fingerprint>"],
  [/AAAA[\w+/=]{30,}/g, "<key>"],
  [/\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b/g, "<oid>"],
  [/\b[0-9a-f]{7,16}\b/g, "<id>"],
  [/\b[0-9A-F]{40}\b/g, "<FINGERPRINT>"],
  [/\b[0-9A-F]{16}\b/g, "<KEYID>"],
  [/\b\d{8}T\d{6}Z\b/g, "<stamp>"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "<time>"],
  [/\d{4}-\d\d-\d\d/g, "<day>"],
];

export const normal = (line: string): string =>
  VALUES.reduce((text, [value, name]) => text.replace(value, name), line.trimEnd());

/** Whether lines are what a page says, `…` standing for any. */
export function isAsShown(expected: readonly string[], printed: readonly string[]): boolean {
  const [first, ...rest] = expected;
  if (first === undefined) return printed.length === 0;
  if (first === "…") return printed.some((_, i) => isAsShown(rest, printed.slice(i))) || rest.length === 0;
  const [said, ...more] = printed;
  return said !== undefined && normal(first) === normal(said) && isAsShown(rest, more);
}
