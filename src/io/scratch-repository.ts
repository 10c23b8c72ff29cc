/** A bare repository that is thrown away, in which nothing of the user's counts: no home, no configuration, no template. */
import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import type { Variables } from "./environment.ts";
import { removePath, writeWhole } from "./files.ts";
import { runGit, type GitPlace } from "./git.ts";

export interface Scratch {
  /** Of this user alone. The repository lies in it, and whatever else is to be thrown away. */
  readonly folder: string;
  readonly gitDir: string;
  /** For git, in the repository, and for programs that are to find nothing but it. */
  readonly place: GitPlace;
}

/** @throws GitError; SignpolicyError ERR_IO, or the file system's own error, where it cannot be made */
export async function inScratch<T>(caller: Variables, act: (scratch: Scratch) => Promise<T>): Promise<T> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "signpolicy-")));
  try {
    const gitDir = join(folder, "repository.git");
    const environment = {
      PATH: caller["PATH"] ?? "",
      HOME: folder,
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      LC_ALL: "C",
    };
    const init = ["init", "--quiet", "--bare", "--template=", "--object-format=sha1", "--initial-branch=main", gitDir];
    await runGit({ cwd: folder, environment }, init);
    return await act({ folder, gitDir, place: { cwd: gitDir, environment } });
  } finally {
    await removePath(folder);
  }
}

/** As git writes one object that comes alone (gitformat-loose(5)). */
export async function writeLoose(objects: string, object: LooseObject): Promise<void> {
  const body = Buffer.from(object.latin1, "latin1");
  const bytes = deflateSync(Buffer.concat([Buffer.from(`${object.kind} ${body.length}\0`), body]));
  await writeWhole(join(objects, object.oid.slice(0, 2), object.oid.slice(2)), bytes, { mode: 0o444, flush: false });
}

export interface LooseObject {
  readonly oid: string;
  readonly kind: string;
  readonly latin1: string;
}
