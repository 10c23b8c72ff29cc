/** Writes to a ref of approvals, as the user: objects, a signed commit, the ref. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GitError } from "../errors.ts";
import type { Bytes, ObjectId, RefName } from "../model.ts";
import { type GitPlace, runGit } from "./git.ts";

export interface Addition {
  readonly path: string;
  readonly bytes: Bytes;
}

export interface RefAddition {
  readonly ref: RefName;
  /** What the ref holds; null: it does not exist. */
  readonly present: ObjectId | null;
  /** The commit to add to; null: to nothing. */
  readonly base: ObjectId | null;
  readonly additions: readonly Addition[];
  readonly message: string;
}

/**
 * Adds files to the tree of a commit and moves the ref to a new one on top of it, signed with the user's own set-up. The ref
 * must still hold `present` then.
 *
 * @throws GitError ERR_GIT_FAILED, also when the signer fails
 */
export async function addToRef(
  place: GitPlace,
  { ref, present, base, additions, message }: RefAddition,
): Promise<ObjectId> {
  const folder = await mkdtemp(join(tmpdir(), "signpolicy-index-"));
  try {
    const environment = { ...place.environment, GIT_INDEX_FILE: join(folder, "index") };
    const inIndex = { ...place, environment };
    if (base !== null) await runGit(inIndex, ["read-tree", base]);
    const blobs = new Map<Bytes, string>();
    let lines = "";
    for (const { path, bytes } of additions) {
      const oid = blobs.get(bytes) ?? textOf(await runGit(place, ["hash-object", "-w", "--stdin"], bytes));
      blobs.set(bytes, oid);
      lines += `100644 ${oid}\t${path}\n`;
    }
    await runGit(inIndex, ["update-index", "--add", "--index-info"], lines);
    const tree = textOf(await runGit(inIndex, ["write-tree"]));
    const parent = base === null ? [] : ["-p", base];
    const commit = textOf(await runGit(place, ["commit-tree", "-S", ...parent, "-m", message, tree])) as ObjectId;
    const old = present ?? "0".repeat(commit.length);
    await runGit(place, ["update-ref", "-m", "signpolicy approve", ref, commit, old]);
    return commit;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const textOf = (output: Buffer): string => output.toString("latin1").trim();

/** Pushes a ref as the user would, on his terminal; git's exit code. */
export function pushRef(
  cwd: string,
  environment: Readonly<Record<string, string | undefined>>,
  remote: string,
  ref: RefName,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn("git", ["push", "--", remote, `${ref}:${ref}`], {
      cwd,
      env: environment,
      stdio: ["inherit", process.stderr, "inherit"],
    });
    child.once("error", (cause) => {
      reject(new GitError("ERR_GIT_MISSING", "git was not found", { cause }));
    });
    child.once("close", (status) => {
      resolve(status ?? 1);
    });
  });
}
