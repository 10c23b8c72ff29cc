import type { ObjectId, RefName } from "../model.ts";
import type { RefValues } from "../io/refs.ts";
import { listParents } from "../io/revisions.ts";
import type { Session } from "./session.ts";

/** Every commit that some refs reach. */
export interface HistoryMap {
  /** Ancestors first. */
  readonly commits: readonly ObjectId[];
  /** The refs that reach a commit, in their order. */
  refsOf(commit: ObjectId): readonly RefName[];
}

/**
 * Maps which refs reach which commits, in one walk of git.
 *
 * @throws GitError
 */
export async function mapHistory(session: Session, refs: RefValues): Promise<HistoryMap> {
  const tips = new Map<ObjectId, RefName[]>();
  for (const [ref, { oid, symbolic }] of refs) {
    if (symbolic !== null) continue;
    const commit = await session.outlines.peel(oid);
    if (commit === null) continue;
    const known = tips.get(commit);
    if (known === undefined) tips.set(commit, [ref]);
    else known.push(ref);
  }
  const lines: (readonly ObjectId[])[] = [];
  for await (const line of listParents(session.repository, { include: [...tips.keys()], exclude: [] }))
    lines.push(line);
  const reaching = new Map<ObjectId, ReadonlySet<RefName>>();
  // Children first: a commit is reached by what stands on it and by what reaches its children. Sets are shared along a line.
  for (const [oid, ...parents] of lines.toReversed()) {
    if (oid === undefined) continue;
    const own = tips.get(oid);
    const known = reaching.get(oid) ?? NONE;
    const here = own === undefined ? known : new Set([...known, ...own]);
    if (own !== undefined) reaching.set(oid, here);
    for (const parent of parents) reaching.set(parent, union(reaching.get(parent), here));
  }
  return {
    commits: lines.flatMap(([oid]) => oid ?? []),
    refsOf: (commit) => {
      const found = reaching.get(commit) ?? NONE;
      return [...refs.keys()].filter((ref) => found.has(ref));
    },
  };
}

const NONE: ReadonlySet<RefName> = new Set();

function union(known: ReadonlySet<RefName> | undefined, more: ReadonlySet<RefName>): ReadonlySet<RefName> {
  if (known === undefined || known === more) return more;
  for (const ref of more) if (!known.has(ref)) return new Set([...known, ...more]);
  return known;
}
