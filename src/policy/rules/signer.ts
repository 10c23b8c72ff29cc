import type { Evidence } from "../../model.ts";
import type { JudgingClock } from "../clock.ts";
import { membersAt, membersFor } from "../membership.ts";
import type { Objection } from "../objection.ts";
import type { Selector } from "../policy.ts";
import { termWords } from "../term-words.ts";
import { signerWords, type Asked } from "../words.ts";

/**
 * The signer must be one of those asked for, at the time that the clock says. `"*"` was resolved when the policy was parsed and
 * holds no forges, so a forge passes only where a rule names it.
 */
export function judgeSigner(
  { signer, signedAt }: Evidence & { outcome: "verified" },
  asked: Selector,
  clock: JudgingClock,
  where: Asked,
): Objection | null {
  if (membersFor(asked, signedAt, clock).has(signer.principal)) return null;
  const term = termWords(signer.principal, asked, signedAt, clock);
  const people = membersAt(asked, clock.now);
  const merged = where.side !== undefined && membersFor(where.side, signedAt, clock).has(signer.principal);
  return { code: "signer-not-permitted", ...signerWords(signer, people, where, { term, merged }) };
}
