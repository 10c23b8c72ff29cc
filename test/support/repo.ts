/**
 * Real git repositories in temporary folders, with an environment in which nothing of the machine's or the caller's
 * configuration is seen. After lint-staged's integration helper: it refuses to touch the project's own repository.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { latin1 } from "../../src/encoding/bytes.ts";
import { parseObjectId } from "../../src/encoding/identifiers.ts";
import type { Bytes, HashAlgorithm, ObjectId, ObjectKind } from "../../src/model.ts";
import { storeLoose } from "./loose-object.ts";

const project = realpathSync(fileURLToPath(new URL("../../", import.meta.url)));

export interface RepoOptions {
  readonly algorithm?: HashAlgorithm;
  readonly bare?: boolean;
  /** Branch that HEAD names; `main` unless said otherwise. */
  readonly branch?: string;
}

export interface RunOptions {
  readonly input?: Bytes | string;
  /** Added to the repository's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface RunResult {
  readonly status: number | null;
  readonly stdout: Buffer;
  /** As latin-1 text, for messages. */
  readonly stderr: string;
}

/** The identity and the date of everything a test commits. */
export const WHO = { name: "Alice Example", email: "alice@example.org", date: "1700000000 +0100" } as const;

/** Throws unless `folder` lies in the system's temporary folder and outside the project. */
export function assertScratch(folder: string): void {
  const real = realpathSync(folder);
  const inside = (parent: string): boolean =>
    real === parent || real.startsWith(parent.endsWith(sep) ? parent : parent + sep);
  if (!inside(realpathSync(tmpdir())) || inside(project)) throw new Error(`refuses to run git in ${folder}`);
}

/** What a git child of a test sees: no configuration but the repository's own, no keys, no prompts, no inherited `GIT_*`. */
export function isolatedEnv(home: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    // Short, since gpg-agent's socket has to fit into 108 bytes.
    GNUPGHOME: join(home, "g"),
    TMPDIR: realpathSync(tmpdir()),
    LC_ALL: "C",
    TZ: "UTC",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_AUTHOR_NAME: WHO.name,
    GIT_AUTHOR_EMAIL: WHO.email,
    GIT_AUTHOR_DATE: WHO.date,
    GIT_COMMITTER_NAME: WHO.name,
    GIT_COMMITTER_EMAIL: WHO.email,
    GIT_COMMITTER_DATE: WHO.date,
  };
}

export class Repo {
  /** Holds everything the repository's tests write; `remove` deletes it. */
  readonly root: string;
  readonly home: string;
  /** The work tree, or the repository itself when it is bare. */
  readonly dir: string;
  readonly algorithm: HashAlgorithm;
  readonly env: Readonly<Record<string, string>>;

  constructor(options: RepoOptions = {}) {
    const { algorithm = "sha1", bare = false, branch = "main" } = options;
    this.root = mkdtempSync(join(realpathSync(tmpdir()), "sp-"));
    this.home = join(this.root, "h");
    this.dir = join(this.root, bare ? "r.git" : "r");
    this.algorithm = algorithm;
    mkdirSync(this.home);
    mkdirSync(this.dir);
    this.env = isolatedEnv(this.home);
    const args = [`--object-format=${algorithm}`, `--initial-branch=${branch}`, "--template=", "--quiet"];
    this.git(["init", ...args, ...(bare ? ["--bare"] : []), "."]);
    appendFileSync(
      join(this.gitDir, "config"),
      "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[receive]\n\tautogc = false\n",
    );
  }

  get gitDir(): string {
    return this.dir.endsWith(".git") ? this.dir : join(this.dir, ".git");
  }

  /** Runs a program in the repository; any exit is an answer, a program that cannot start is an error. */
  run(program: string, args: readonly string[], options: RunOptions = {}): RunResult {
    const cwd = options.cwd ?? this.dir;
    assertScratch(cwd);
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      cwd,
      env: { ...this.env, ...options.env },
      input: options.input ?? "",
      maxBuffer: 1 << 30,
    });
    if (error) throw error;
    return { status, stdout, stderr: latin1(stderr) };
  }

  /** Runs git, which must succeed; gives its standard output as bytes. */
  gitBytes(args: readonly string[], options?: RunOptions): Buffer {
    const { status, stdout, stderr } = this.run("git", args, options);
    if (status !== 0) throw new Error(`git ${args.join(" ")} exited with ${String(status)}: ${stderr}`);
    return stdout;
  }

  /** Like `gitBytes`, as latin-1 text without its last newline. */
  git(args: readonly string[], options?: RunOptions): string {
    return latin1(this.gitBytes(args, options)).replace(/\n$/, "");
  }

  /** The stored bytes of an object. */
  raw(kind: ObjectKind, oid: string): Buffer {
    return this.gitBytes(["cat-file", kind, oid]);
  }

  /** Stores any bytes as an object, those that git itself would never write included. */
  write(kind: ObjectKind, bytes: Bytes): ObjectId {
    return storeLoose(this.gitDir, kind, bytes, this.algorithm);
  }

  /** Like `write`, but git stores and names it: the oracle of our own names. */
  writeByGit(kind: ObjectKind, bytes: Bytes): ObjectId {
    return parseObjectId(this.git(["hash-object", "-t", kind, "-w", "--stdin", "--literally"], { input: bytes }));
  }

  /** The id of the tree that holds nothing, which is stored on the way. */
  emptyTree(): ObjectId {
    return this.write("tree", new Uint8Array());
  }

  /** A commit made by `git commit-tree` and not yet on any ref. */
  commit(
    message: string,
    parents: readonly string[] = [],
    options?: RunOptions & { readonly tree?: string },
  ): ObjectId {
    const args = parents.flatMap((parent) => ["-p", parent]);
    const tree = options?.tree ?? this.emptyTree();
    return parseObjectId(this.git(["commit-tree", tree, ...args], { ...options, input: message }));
  }

  updateRef(ref: string, oid: string): void {
    this.git(["update-ref", ref, oid]);
  }

  config(name: string, value: string): void {
    this.git(["config", name, value]);
  }

  remove(): void {
    assertScratch(dirname(this.dir));
    rmSync(this.root, { recursive: true, force: true });
  }
}

/**
 * Makes a repository, hands it over and removes it, whatever happens.
 *
 * @example
 * ```ts
 * await withRepo({ algorithm: "sha256" }, (repo) => { repo.commit("first"); });
 * ```
 */
export async function withRepo<T>(options: RepoOptions, body: (repo: Repo) => T | Promise<T>): Promise<T> {
  const repo = new Repo(options);
  try {
    return await body(repo);
  } finally {
    repo.remove();
  }
}
