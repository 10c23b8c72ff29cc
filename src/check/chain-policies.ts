import { ParseError } from "../errors.ts";
import type { ObjectId } from "../model.ts";
import { commitsTouching } from "../io/revisions.ts";
import { isPartialClone } from "../io/safety.ts";
import { TRUST_MERGES, type TrustMerges } from "../policy/policy.ts";
import { marksKeys } from "./chain-marks.ts";
import { commitsChanging } from "./look-alikes.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { NO_POLICY, type PolicyState } from "./policy-states.ts";
import { tellsSides } from "./range.ts";
import { partialClone } from "./trust-root.ts";
import type { Session } from "./session.ts";
import { POLICY_PATHS } from "./tree-policy.ts";

/** What is known of the policies of a history before anything in it is believed. */
export interface HistoryOfPolicies {
  /** Every commit but merges that may hold another policy than its parent. */
  readonly touching: ReadonlySet<ObjectId>;
  /** Whether every file of this policy was looked for: one that a merge brought in from beside may name others. */
  readonly covers: (policy: PolicyState) => boolean;
  /** Every file that one of the policies names, and the places of policies. */
  readonly files: readonly string[];
  /** Every `trust.merges` that may come to apply, the strictest first. */
  readonly modes: readonly TrustMerges[];
  /** One of them asks something else of what merges bring in than of the first-parent line. */
  readonly tellsSides: boolean;
  /** One of several policies says that a key fell into other hands, which reaches back over what others judged. */
  readonly reachesBack: boolean;
}

/**
 * Looks for the policies of a history by their paths, so that ten thousand commits that carry one policy are no ten
 * thousand trees to read.
 *
 * @throws GitError; SignpolicyError ERR_PARTIAL_CLONE
 */
export async function surveyPolicies(
  session: Session,
  root: PolicyState,
  range: { readonly include: readonly ObjectId[]; readonly exclude: readonly ObjectId[] },
): Promise<HistoryOfPolicies> {
  const places = await commitsTouching(session.repository, range, POLICY_PATHS);
  const modes = new Set<TrustMerges>();
  const files = new Set<string>();
  const policies = new Map<string, LoadedPolicy>();
  /** Such a commit gives no policy: it is denied, by name, when it is its turn. */
  const unreadable = (error: unknown): PolicyState => {
    if (!(error instanceof ParseError)) throw error;
    if (isPartialClone(session.config)) throw partialClone();
    return NO_POLICY;
  };
  const learn = ({ id, loaded, problem }: PolicyState): void => {
    // What was never fetched says nothing against whoever changed the policy.
    if (problem !== null && isPartialClone(session.config)) throw partialClone();
    if (loaded === null) return;
    policies.set(id, loaded);
    modes.add(loaded.policy.merges);
    for (const file of loaded.files) files.add(file);
  };
  learn(root);
  for (const oid of places) {
    const commit = await session.outlines.outline(oid);
    if (commit !== null) learn(await session.states.at(commit).catch(unreadable));
  }
  const paths = [...new Set([...POLICY_PATHS, ...files])];
  const alike = await session.states.lookAlikesAt(range.include);
  const touching =
    paths.length === POLICY_PATHS.length && alike.length === 0
      ? places
      : await commitsChanging(session.repository, range, paths, alike);
  const known = new Set(places);
  // A key file alone may have changed, and with it what its certificate says.
  for (const oid of touching) {
    const commit = known.has(oid) ? null : await session.outlines.outline(oid);
    if (commit !== null) learn(await session.states.at(commit).catch(unreadable));
  }
  const looked = new Set(paths);
  return {
    touching: new Set(touching),
    files: paths,
    covers: ({ loaded }) => loaded?.files.every((file) => looked.has(file)) ?? true,
    modes: TRUST_MERGES.filter((mode) => modes.has(mode)),
    tellsSides: [...policies.values()].some(({ policy }) => policy.rules.some(tellsSides)),
    reachesBack: policies.size > 1 && [...policies.values()].some(marksKeys),
  };
}
