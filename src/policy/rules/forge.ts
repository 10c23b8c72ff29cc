import type { Signer } from "../../model.ts";
import { mayApprove } from "../approval-refs.ts";
import { forgeWords } from "../forge-words.ts";
import type { Objection } from "../objection.ts";
import type { Policy, Names } from "../policy.ts";

/** What was found out about a commit that a forge signed. */
export interface ForgeFacts {
  /** Why it is no merge as git makes it; null where it is one. */
  readonly problem: string | null;
  readonly parents: number;
}

/**
 * A forge signs for whoever is logged in, so its signature says nothing of what a commit holds. It is good for a merge that
 * holds nothing of its own; with `forge: { squash: allow }` also for a commit with one parent of which somebody who may sign
 * here approved the result.
 *
 * @param facts - null where nothing was found out: then nothing counts
 */
export function judgeForge(
  signer: Signer,
  facts: ForgeFacts | null,
  approvers: ReadonlySet<string>,
  asked: Names,
  rule: string,
  policy: Policy,
): Objection | null {
  if (policy.principals.get(signer.principal)?.role !== "forge") return null;
  if (facts !== null && facts.problem === null) return null;
  const squash = facts?.parents === 1 && policy.forge.squash === "allow";
  if (squash && [...asked].some((id) => approvers.has(id) && mayApprove(policy, id))) return null;
  return { code: "signer-not-permitted", ...forgeWords(signer, facts?.problem ?? "it is no merge", squash, rule) };
}
