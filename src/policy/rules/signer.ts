import type { Signer } from "../../model.ts";
import type { Objection } from "../objection.ts";
import type { Policy, Selector } from "../policy.ts";
import { signerWords } from "../words.ts";

/**
 * The signer must be one of those asked for. `"*"` was resolved when the policy was parsed and holds no forges, so a
 * forge passes only where a rule names it.
 */
export function judgeSigner(
  signer: Signer,
  asked: Selector,
  rule: string,
  policy: Policy,
  place: "line" | "side" | "tag" | "push",
  again: string | null = null,
): Objection | null {
  if (asked.has(signer.principal)) return null;
  return { code: "signer-not-permitted", ...signerWords(signer, asked, rule, policy, place, again) };
}
