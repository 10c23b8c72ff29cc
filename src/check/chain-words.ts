import type { ObjectId, RefName } from "../model.ts";
import type { Problem } from "../policy/decide-problem.ts";
import type { TrustMerges } from "../policy/policy.ts";

/** Why a chain from a trust root does not lead to a commit, in words. */

export const besideRoot = (root: ObjectId): Problem => ({
  code: "policy-missing",
  message: `this commit does not descend from the trust root ${root}, so nothing vouches for it`,
  hint: "rebase it onto a branch that descends from the trust root, or let merges vouch: trust.merges in the policy",
});

export function unauthenticated(parents: readonly ObjectId[], mode: TrustMerges, byForge: boolean): Problem {
  // Nothing of the commit in it: whatever was built on the first that is denied is told in one go.
  const which = parents.length === 1 ? "a parent is" : "its parents are";
  const asked = byForge
    ? ", and a merge that a forge signed vouches for no side"
    : mode === "every"
      ? ""
      : `, which trust.merges (${mode}) asks for`;
  return {
    code: "policy-missing",
    message: `${which} not authenticated from the trust root${asked}, so no policy can be believed here`,
    hint: "mend the first commit that is denied; what follows is judged again then",
  };
}

export const SAY_REF = "say whose rules judge: --as refs/heads/NAME";

/** A policy that asks nothing of the commits here would let anything be called authenticated. */
export const unruled = (ref: RefName | null): Problem => ({
  code: "ref-unmatched",
  message:
    ref === null
      ? "no branch is checked out and none was named, so no rule can be found to authenticate this commit by"
      : `no rule with \`commits\` names ${ref}, so nothing authenticates this commit`,
  hint: SAY_REF,
});

/** Its exemptions may have let everything through that leads to it. */
export const unbelieved: Problem = {
  code: "policy-change",
  message: "the policy in its tree is not the one that its history hands on, so what that forgives does not count",
  hint: "change the policy in a commit of somebody who may",
};
