import type { Evidence } from "../../model.ts";
import type { JudgingClock } from "../clock.ts";
import { membersAt, membersFor } from "../membership.ts";
import type { Objection } from "../objection.ts";
import type { Policy, Selector } from "../policy.ts";
import { termWords } from "../term-words.ts";
import { signerWords } from "../words.ts";

/** Where a rule asks for a signer. */
export interface Asked {
  readonly rule: string;
  readonly policy: Policy;
  readonly place: "line" | "side" | "tag" | "push";
  /** The command by which one of those asked for signs it, where there is one. */
  readonly again?: string | null;
}

/**
 * The signer must be one of those asked for, at the time that the clock says. `"*"` was resolved when the policy was parsed and
 * holds no forges, so a forge passes only where a rule names it.
 */
export function judgeSigner(
  { signer, signedAt }: Evidence & { outcome: "verified" },
  asked: Selector,
  clock: JudgingClock,
  { rule, policy, place, again = null }: Asked,
): Objection | null {
  if (membersFor(asked, signedAt, clock).has(signer.principal)) return null;
  const term = termWords(signer.principal, asked, signedAt, clock);
  const people = membersAt(asked, clock.now);
  return { code: "signer-not-permitted", ...signerWords(signer, people, rule, policy, place, again, term) };
}
