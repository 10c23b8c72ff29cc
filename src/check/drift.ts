import { SignpolicyError } from "../errors.ts";
import { loadPolicy } from "./policy.ts";
import { workTreePolicySource } from "./file-policy.ts";
import type { GoverningPolicy, Session } from "./session.ts";

/** Notes about a checkout whose policy differs from the one that governs: it is reported and never used. */
export async function policyDrift(session: Session, governing: GoverningPolicy): Promise<readonly string[]> {
  const { workTree } = session.repository;
  if (workTree === null || governing.own === true) return [];
  try {
    const own = await loadPolicy(workTreePolicySource(workTree));
    if (own.content === governing.loaded.content) return [];
    return ["the policy in the work tree differs from the one that judges here and is not used"];
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    if (error.code === "ERR_POLICY_MISSING") return [];
    return ["the policy in the work tree cannot be used, and is not: signpolicy policy check tells why"];
  }
}
