import type { ObjectId } from "../model.ts";
import { commitsTouching } from "../io/revisions.ts";
import { TRUST_MERGES, type TrustMerges } from "../policy/policy.ts";
import type { PolicyState } from "./policy-states.ts";
import type { Session } from "./session.ts";
import { POLICY_PATHS } from "./tree-policy.ts";

/** What is known of the policies of a history before anything in it is believed. */
export interface HistoryOfPolicies {
  /** Every commit but merges that may hold another policy than its parent. */
  readonly touching: ReadonlySet<ObjectId>;
  /** Every `trust.merges` that may come to apply, the strictest first. */
  readonly modes: readonly TrustMerges[];
}

/**
 * Looks for the policies of a history by their paths, so that ten thousand commits that carry one policy are no ten
 * thousand trees to read.
 *
 * @throws GitError, ParseError
 */
export async function surveyPolicies(
  session: Session,
  root: PolicyState,
  range: { readonly include: readonly ObjectId[]; readonly exclude: readonly ObjectId[] },
): Promise<HistoryOfPolicies> {
  const places = await commitsTouching(session.repository, range, POLICY_PATHS);
  const modes = new Set<TrustMerges>();
  const files = new Set<string>();
  const learn = ({ loaded }: PolicyState): void => {
    if (loaded === null) return;
    modes.add(loaded.policy.merges);
    for (const file of loaded.files) files.add(file);
  };
  learn(root);
  for (const oid of places) {
    const commit = await session.outlines.outline(oid);
    if (commit !== null) learn(await session.states.at(commit));
  }
  const paths = [...new Set([...POLICY_PATHS, ...files])];
  const touching =
    paths.length === POLICY_PATHS.length ? places : await commitsTouching(session.repository, range, paths);
  return { touching: new Set(touching), modes: TRUST_MERGES.filter((mode) => modes.has(mode)) };
}
