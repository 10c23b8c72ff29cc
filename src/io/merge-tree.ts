import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import type { ObjectId } from "../model.ts";
import type { Repository } from "./git.ts";
import { tryGit } from "./git.ts";

/** `failed`: git made no answer, because it is too old for one or finds none; `reason` is git's last line. */
export type Merged =
  | { readonly outcome: "clean"; readonly tree: ObjectId }
  | { readonly outcome: "conflict" }
  | { readonly outcome: "failed"; readonly reason: string };

/**
 * What `git merge-tree --write-tree` makes of two commits (git-merge-tree(1), since git 2.38).
 *
 * git writes the trees of a merge and takes merge drivers, rename limits and attributes from configuration, which may name
 * programs to run. So it works in a repository of its own that holds nothing, made for this one merge: the judged one's
 * objects, a push's that wait in quarantine included, are lent to it, what it writes goes with it, and no configuration but
 * git's defaults, no attribute and no work tree is in its reach. One repository gives one answer wherever it is judged.
 *
 * @throws GitError ERR_GIT_MISSING
 */
export async function mergeTree(repository: Repository, ours: ObjectId, theirs: ObjectId): Promise<Merged> {
  const gitDir = await mkdtemp(join(tmpdir(), "signpolicy-merge-"));
  try {
    await Promise.all(["objects", "refs"].map((folder) => mkdir(join(gitDir, folder))));
    const format = repository.algorithm === "sha1" ? "" : `[extensions]\n\tobjectFormat = ${repository.algorithm}\n`;
    const version = repository.algorithm === "sha1" ? 0 : 1;
    await writeFile(join(gitDir, "config"), `[core]\n\trepositoryFormatVersion = ${version}\n\tbare = true\n${format}`);
    await writeFile(join(gitDir, "HEAD"), "ref: refs/heads/none\n");
    const place = { cwd: gitDir, environment: mergeEnvironment(repository, gitDir) };
    const { status, stdout, stderr } = await tryGit(place, [
      "merge-tree",
      "--write-tree",
      "--no-messages",
      ours,
      theirs,
    ]);
    const [tree = ""] = stdout.toString("latin1").split("\n");
    if (status === 1) return { outcome: "conflict" };
    if (status === 0 && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(tree))
      return { outcome: "clean", tree: tree as ObjectId };
    return { outcome: "failed", reason: await reasonOf(place, stderr) };
  } finally {
    await rm(gitDir, { recursive: true, force: true });
  }
}

function mergeEnvironment({ cwd, commonDir, environment }: Repository, gitDir: string): Record<string, string> {
  const { GIT_OBJECT_DIRECTORY: own, GIT_ALTERNATE_OBJECT_DIRECTORIES: lent, ...kept } = environment;
  const folders = [join(commonDir, "objects"), ...(own === undefined ? [] : [resolve(cwd, own)])].map(quoted);
  return {
    ...kept,
    GIT_DIR: gitDir,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: [...folders, ...(lent === undefined ? [] : [lent])].join(delimiter),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
  };
}

/** git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES: a path that holds a separator is quoted like a string of C. */
const quoted = (path: string): string =>
  path.startsWith('"') || path.includes(delimiter) ? `"${path.replace(/["\\]/g, "\\$&")}"` : path;

async function reasonOf(place: Parameters<typeof tryGit>[0], stderr: string): Promise<string> {
  const { stdout } = await tryGit(place, ["version"]);
  const [, major = "0", minor = "0"] = /(\d+)\.(\d+)/.exec(stdout.toString("latin1")) ?? [];
  if (Number(major) < 2 || (Number(major) === 2 && Number(minor) < 38)) {
    return `it takes git 2.38 or newer to tell, and this is ${major}.${minor}`;
  }
  return stderr.split("\n").at(-1) ?? "git merge-tree gave no answer";
}
