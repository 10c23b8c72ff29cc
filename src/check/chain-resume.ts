import { ParseError } from "../errors.ts";
import type { ObjectId } from "../model.ts";
import { commitsTouching, isAncestor, listParents } from "../io/revisions.ts";
import type { ChainTask } from "./chain.ts";
import type { KnownTip } from "./chain-memory.ts";
import type { PolicyState } from "./policy-states.ts";
import type { Session } from "./session.ts";
import { POLICY_PATHS } from "./tree-policy.ts";

/** More commits than this are judged from the root. */
const MOST_FRESH = 4096;
/** More places than this where the new meets the old are not looked into one by one. */
const MOST_EDGES = 8;

/**
 * Where a walk may start instead of at the root: at commits that were authenticated before and carry one and the same policy,
 * where nothing that was built on them touches it. Whatever a change of the policy says of the past, a compromised key above
 * all, it says of everything, so a change is judged from the root; null then, and where anything cannot be told for certain.
 *
 * @throws GitError
 */
export async function resumeChain(
  session: Session,
  root: ObjectId,
  target: ObjectId,
  tips: readonly KnownTip[],
): Promise<ChainTask["start"] | null> {
  if (tips.length === 0) return null;
  const range = { include: [target], exclude: tips.map(({ oid }) => oid) };
  const fresh = new Set<ObjectId>();
  const met = new Set<ObjectId>();
  for await (const [oid, ...parents] of listParents(session.repository, range)) {
    if (oid === undefined || parents.length === 0 || fresh.size >= MOST_FRESH) return null;
    fresh.add(oid);
    for (const parent of parents) met.add(parent);
  }
  const edges = [...met].filter((oid) => !fresh.has(oid));
  const [first, ...others] = edges;
  if (first === undefined || edges.length > MOST_EDGES) return null;
  const whole = tips.some((tip) => tip.whole);
  for (const edge of edges) {
    const isTip = tips.some(({ oid }) => oid === edge);
    if (isTip) continue;
    // What only one that was not judged as a whole reaches, a merge may have vouched for.
    if (!whole || tips.some((tip) => !tip.whole) || !(await isAncestor(session.repository, root, edge))) return null;
  }
  const policy = await policyOfAll(session, edges);
  if (policy?.loaded == null) return null;
  const paths = [...new Set([...POLICY_PATHS, ...policy.loaded.files])];
  if ((await commitsTouching(session.repository, range, paths)).length > 0) return null;
  return { oids: [first, ...others], policy };
}

async function policyOfAll(session: Session, oids: readonly ObjectId[]): Promise<PolicyState | null> {
  let one: PolicyState | null = null;
  for (const oid of oids) {
    const commit = await session.outlines.outline(oid);
    if (commit === null) return null;
    try {
      const state = await session.states.at(commit);
      if (one !== null && one.id !== state.id) return null;
      one = state;
    } catch (error) {
      if (error instanceof ParseError) return null;
      throw error;
    }
  }
  return one;
}
