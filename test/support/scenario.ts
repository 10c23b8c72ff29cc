import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isInstalled } from "./tools.ts";
import type { Tool } from "./tools.ts";

/**
 * Runs a scenario: a text file of commands and checks on what they print, then files under `-- name --` headings.
 *
 *   # a comment
 *   [3] signpolicy verify        a command and its exit code, 0 when there is none in brackets
 *   git, sh, cp, rm, mkdir       run as they are; `sh` takes one quoted line
 *   cd DIR    env NAME=VALUE    unset NAME
 *   let NAME = git rev-parse HEAD    keeps a command's output as $NAME
 *   expand FILE                  puts values in for $NAME in a file
 *   sshkey NAME                  makes $HOME/NAME and sets $NAME_pub and $NAME_fpr
 *   stdout REGEX    ! stdout REGEX    stdout empty    stdout json    stdout is FILE     of the command before; `stderr` likewise
 *   exists FILE    ! exists FILE
 *
 * In expected files `$NAME` stands for a kept value, `$NAME:12` for its first twelve characters, `$WORK` for the scenario's
 * folder, `$DIGEST` for any digest. Words are split as a shell does, with '…', "…" and $NAME.
 */
const project = realpathSync(fileURLToPath(new URL("../../", import.meta.url)));
const bin = join(project, "dist", "signpolicy.cjs");

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

class Scenario {
  readonly work: string;
  #folder: string;
  #last: Result = { status: 0, stdout: "", stderr: "" };
  readonly #values = new Map<string, string>();
  readonly #env: Record<string, string>;

  constructor(root: string, program: string) {
    this.work = join(root, "work");
    const home = join(root, "home");
    const tools = join(root, "bin");
    for (const folder of [this.work, home, tools]) mkdirSync(folder);
    for (const name of ["signpolicy", "git-signpolicy"]) symlinkSync(program, join(tools, name));
    this.#folder = this.work;
    // A repository is never looked for above the scenario's own folder, whatever the machine has there.
    this.#env = {
      PATH: `${tools}:${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
      HOME: home,
      TMPDIR: root,
      LC_ALL: "C",
      TZ: "UTC",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CEILING_DIRECTORIES: root,
      GIT_TERMINAL_PROMPT: "0",
      WORK: this.work,
    };
    writeFileSync(
      join(home, ".gitconfig"),
      "[init]\n\tdefaultBranch = main\n[user]\n\tname = Nobody\n\temail = nobody@example.org\n",
    );
  }

  run(line: string): void {
    const [, code, text = ""] = /^(?:\[(\d+)\] +)?(.*)$/s.exec(line) ?? [];
    const letName = /^let +(\w+) *= *(.*)$/.exec(text);
    const words = splitWords(letName?.[2] ?? text, (name) => this.#value(name));
    const [verb = "", ...args] = words;
    if (this.#check(words)) return;
    if (this.#builtIn(verb, args)) return;
    if (!["git", "signpolicy", "sh", "cp", "rm", "mkdir", "ln", "node", "chmod"].includes(verb)) {
      throw new Error(`unknown command '${verb}'`);
    }
    const argv = verb === "sh" ? ["-c", ...args] : args;
    const result = spawnSync(verb, argv, { cwd: this.#folder, env: this.#env, timeout: 60_000, encoding: "latin1" });
    if (result.error !== undefined) throw result.error;
    this.#last = result;
    const expected = Number(code ?? 0);
    if (result.status !== expected) {
      throw new Error(
        `exit ${result.status ?? result.signal ?? "?"}, not ${expected}\n${result.stdout}${result.stderr}`,
      );
    }
    if (letName?.[1] !== undefined) this.#values.set(letName[1], result.stdout.trim());
  }

  #builtIn(verb: string, args: readonly string[]): boolean {
    const [first = ""] = args;
    if (verb === "cd") {
      this.#folder = resolve(this.#folder, first);
      if (!this.#folder.startsWith(this.work)) throw new Error("a scenario stays in its own folder");
    } else if (verb === "env") {
      const [name = "", ...value] = first.split("=");
      this.#env[name] = value.join("=");
    } else if (verb === "unset") {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
      delete this.#env[first];
    } else if (verb === "sshkey") this.#makeKey(first);
    else if (verb === "expand") {
      const file = join(this.#folder, first);
      writeFileSync(
        file,
        readFileSync(file, "utf8").replace(/\$(\w+)/g, (_, name: string) => this.#value(name)),
      );
    } else return false;
    return true;
  }

  #makeKey(name: string): void {
    const file = join(this.#env["HOME"] ?? "", name);
    const args = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file];
    if (spawnSync("ssh-keygen", args, { env: this.#env }).status !== 0) throw new Error("ssh-keygen failed");
    const [type = "", blob = ""] = readFileSync(`${file}.pub`, "utf8").split(" ");
    this.#values.set(`${name}_pub`, `${type} ${blob}`);
    const shown = spawnSync("ssh-keygen", ["-lf", `${file}.pub`], { encoding: "utf8" }).stdout.split(" ");
    this.#values.set(`${name}_fpr`, shown[1] ?? "");
    this.#values.set(`${name}_key`, file);
  }

  #check(words: readonly string[]): boolean {
    const negated = words[0] === "!";
    const [verb = "", ...args] = negated ? words.slice(1) : words;
    if (verb === "exists") {
      if (existsSync(resolve(this.#folder, args[0] ?? "")) === negated) throw new Error("wrong");
      return true;
    }
    if (verb !== "stdout" && verb !== "stderr") return false;
    const text = Buffer.from(this.#last[verb], "latin1").toString("utf8");
    const [what = "", file = ""] = args;
    if (what === "is") {
      const expected = readFileSync(join(this.work, file), "utf8");
      const got = this.#anonymous(text);
      if (got !== expected) throw new Error(`${verb} is not ${file}:\n${got}`);
    } else if (what === "json") {
      JSON.parse(text);
    } else if (what === "empty") {
      if (text !== "") throw new Error(`${verb} is not empty:\n${text}`);
    } else if (new RegExp(what, "m").test(text) === negated) {
      throw new Error(`${verb} ${negated ? "matches" : "does not match"} ${what}:\n${text}`);
    }
    return true;
  }

  #value(name: string): string {
    const value = this.#values.get(name) ?? this.#env[name];
    if (value === undefined) throw new Error(`no value $${name}`);
    return value;
  }

  #anonymous(text: string): string {
    let out = text.replaceAll(this.work, "$WORK").replace(/sha256:[0-9a-f]{12,64}/g, "$DIGEST");
    for (const [name, value] of this.#values) {
      out = out.replaceAll(value, `$${name}`);
      if (/^[0-9a-f]{40,64}$/.test(value)) {
        out = out.replaceAll(value.slice(0, 12), `$${name}:12`).replaceAll(value.slice(0, 8), `$${name}:8`);
      }
    }
    return out;
  }
}

/**
 * Plays a scenario against `program`: the bundle unless said otherwise.
 *
 * @throws Error naming the line that did not hold
 */
export function runScenario(file: string, program = bin): void {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "scenario-")));
  try {
    // The commands write, commit and push; nothing of that may ever reach the project itself.
    if (root.startsWith(project)) throw new Error("scenarios refuse to run inside the project");
    const scenario = new Scenario(root, program);
    const [script = "", ...files] = readFileSync(file, "utf8").split(/^-- (?=\S+ --$)/m);
    for (const entry of files) {
      const end = entry.indexOf(" --\n");
      const path = join(scenario.work, entry.slice(0, end));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, entry.slice(end + 4));
    }
    script.split("\n").forEach((line, index) => {
      if (line.trim() === "" || line.startsWith("#")) return;
      try {
        scenario.run(line.trim());
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${file}:${index + 1}: ${line}\n${why}`, { cause });
      }
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** What a scenario needs beyond git and node, from its `# needs: ssh-keygen gpg` line. */
export function missingTools(file: string): readonly string[] {
  const [, needs = ""] = /^# needs: (.*)$/m.exec(readFileSync(file, "utf8")) ?? [];
  return needs.split(" ").filter((tool) => tool !== "" && !isInstalled(tool as Tool));
}

function splitWords(line: string, value: (name: string) => string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let i = 0; i < line.length;) {
    const [piece = ""] = /^(?:'[^']*'|"[^"]*"|\$\w+|\s+|.)/s.exec(line.slice(i)) ?? [];
    i += piece.length;
    if (/^\s/.test(piece)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (piece.startsWith("'")) word = (word ?? "") + piece.slice(1, -1);
    else if (piece.startsWith('"'))
      word = (word ?? "") + piece.slice(1, -1).replace(/\$(\w+)/g, (_, name: string) => value(name));
    else if (/^\$\w/.test(piece)) word = (word ?? "") + value(piece.slice(1));
    else word = (word ?? "") + piece;
  }
  if (word !== null) words.push(word);
  return words;
}
