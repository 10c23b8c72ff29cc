/** The compiled code that an installation leaves for its hooks: beside a server's copy of the program, in a clone's git directory. */
import { join } from "node:path";
import { compileCode, isCurrent, type CodeOf } from "../io/compile-code.ts";
import { COMPILED } from "../io/compiled-code.ts";
import type { Variables } from "../io/environment.ts";
import { isExecutable } from "../io/executable.ts";
import type { Owner } from "../io/files.ts";
import { isFolder, removePath, writeWhole } from "../io/files.ts";
import { packageRoot } from "../io/package-root.ts";
import { rehearsePrePush, rehearsePushes } from "./rehearsal.ts";

const inClone = (commonDir: string): string => join(commonDir, "signpolicy", COMPILED);

/** What pushes run of this very program, once for all repositories of a command; null where nobody asked. */
let rehearsed: Promise<CodeOf> | null = null;

/**
 * Where code is to be put for the program in a folder: what pushes run of it. It is this very program that runs, so not yet with
 * the rights of the owner, who may not be allowed to read it. Without a rehearsal all of each file is compiled.
 */
export async function rehearseFor(folder: string, owner: Owner | null, caller: Variables): Promise<void> {
  if (isExecutable() || isCurrent(join(folder, COMPILED), join(folder, "dist"), owners(owner))) return;
  rehearsed ??= rehearsePushes(join(packageRoot(), "dist"), caller).catch(() => new Map());
  await rehearsed;
}

/** For the program in this folder, which lies where it will be run. */
export async function putServerCode(folder: string, owner: Owner | null): Promise<boolean> {
  const path = join(folder, COMPILED);
  const dist = join(folder, "dist");
  if (isCurrent(path, dist, owners(owner))) return false;
  await writeWhole(path, compileCode(dist, (await rehearsed) ?? undefined), {
    mode: 0o644,
    flush: false,
    ...given(owner),
  });
  return true;
}

/** What `pre-push` runs of it. */
let prePush: Promise<CodeOf> | null = null;

/** For this very program, which the hooks of a clone start; the one-file program has its own in it. */
export async function putCloneCode(commonDir: string, caller: Variables): Promise<void> {
  if (isExecutable()) return;
  const dist = join(packageRoot(), "dist");
  if (!(await isFolder(dist)) || isCurrent(inClone(commonDir), dist, owners(null))) return;
  prePush ??= rehearsePrePush(dist, caller).catch(() => new Map());
  await writeWhole(inClone(commonDir), compileCode(dist, await prePush), { mode: 0o600, flush: false });
}

export const forgetCloneCode = (commonDir: string): Promise<void> => removePath(inClone(commonDir));

/** Why a server's hooks cannot use what stands there; null where they can, as far as this node can tell. */
export function serverCodeProblem(folder: string, owner: Owner): string | null {
  const path = join(folder, COMPILED);
  return isCurrent(path, join(folder, "dist"), owners(owner))
    ? null
    : `${path} is missing, damaged or made for another node: hooks start slower`;
}

function owners(owner: Owner | null): readonly number[] | null {
  const user = process.geteuid?.();
  return user === undefined ? null : [0, owner?.uid ?? user];
}

const given = (owner: Owner | null): { owner?: Owner } =>
  owner === null || process.geteuid?.() !== 0 ? {} : { owner };
